"""How the embedded tiny base model is made: documents, corpus, tokenizer and training loop."""
