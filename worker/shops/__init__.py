"""What belongs to one shop as a whole: its branding."""
