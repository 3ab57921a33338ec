"""What the WordPress plugin calls, signed with its own secret."""
