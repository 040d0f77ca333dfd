"""What happens to every row, in this order: clean, (convert), deny, gold, (split), dedup, length."""
