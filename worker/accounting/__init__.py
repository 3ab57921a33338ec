"""Use cases: proofs for the books: nothing missing, nothing altered, nothing given twice."""
