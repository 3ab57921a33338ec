"""The world outside, for real: each module starts one service in a folder of its own and stops it by its process id."""
