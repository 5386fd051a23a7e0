// The compiled headers need a file that they belong to.
