"""Files of a bank: CODA, CAMT.053, MT940 and the CSV of four banks. Bytes in, lines of the statement out."""
