"""The three domains of the quick-start set, and what they are made with."""
