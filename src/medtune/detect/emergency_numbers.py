"""Emergency numbers as the ITU and national authorities publish them; only those that are surely in use are listed."""

NUMBERS: dict[str, tuple[str, ...]] = {
    "US": ("911",), "CA": ("911",), "MX": ("911",), "GB": ("999", "112"), "IE": ("999", "112"), "AU": ("000", "112"),
    "NZ": ("111",), "IN": ("112", "108", "102"), "ZA": ("112", "10177"), "JP": ("119",), "KR": ("119",),
    "CN": ("120",), "BR": ("192",), "RU": ("112", "103"), "CH": ("112", "144"), "NO": ("113", "112"),
    "DE": ("112",), "FR": ("112", "15"), "ES": ("112",), "IT": ("112", "118"), "AT": ("112", "144"),
    "NL": ("112",), "BE": ("112",), "DK": ("112",), "SE": ("112",), "FI": ("112",), "PL": ("112", "999"),
    "PT": ("112",), "CZ": ("112", "155"), "GR": ("112", "166"), "EU": ("112",),
}  # fmt: skip
"""Country to the numbers that bring an ambulance."""

ALL_NUMBERS: tuple[str, ...] = tuple(
    sorted({number for numbers in NUMBERS.values() for number in numbers if len(number) == 3})
)
"""Every number of three digits in the table: those that can be told from other figures."""


def numbers_of(locale: str | None) -> tuple[str, ...] | None:
    """Numbers of a country (ISO 3166) or of a BCP 47 tag that ends in one; None for an unknown one."""
    return NUMBERS.get((locale or "").rpartition("-")[2].upper())
