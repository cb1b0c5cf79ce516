"""Accidents rather than attacks: what noise, blur, weather, gaps and typos do to decisions."""
