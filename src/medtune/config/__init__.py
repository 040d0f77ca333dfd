"""The recipe: one file per section, frozen, unknown keys refused. Imports in milliseconds."""
