"""The nouns: frozen structs, ids, reasons and the error tree. Standard library and msgspec only."""
