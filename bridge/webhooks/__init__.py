"""Where other systems notify us."""
