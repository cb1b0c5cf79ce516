"""The site where people review, correct and prefer."""
