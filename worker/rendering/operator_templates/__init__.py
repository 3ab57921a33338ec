"""Templates of the operator's own (`FACTURELAY_TEMPLATES`): filled in a child process with a limit on time and memory."""
