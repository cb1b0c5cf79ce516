"""People in the loop: what they are asked, what they said, and what it is worth."""
