"""One definition of every row and enum that stages exchange; one file per stage."""
