"""Invented names. Some carry what real ones do: an apostrophe, an accent, a country of birth."""

FIRST = (
    "Silver", "Midnight", "Copper", "Northern", "Velvet", "Harbor", "Prairie", "Crimson", "Autumn", "Gallant", "Quiet",
    "Lucky", "Amber", "Distant", "Royal", "Misty", "Golden", "Wild", "O'Hara's", "Rapid", "Señor", "Maple", "Granite",
    "Desert", "Winter", "Electric", "Bold", "Sunday", "Ivory", "Thunder",
)  # fmt: skip
SECOND = (
    "Lantern", "Current", "Echo", "Sparrow", "Ledger", "Compass", "Promise", "Anthem", "Rumor", "Falcon", "Meadow",
    "Signal", "Cadence", "Ribbon", "Harvest", "Mirage", "Captain", "Tempo", "Whisper", "Canyon", "Banner", "Clover",
    "Pilot", "Saddle", "Orchid", "Verdict", "Lightning", "Garden", "Voyage", "Encore",
)  # fmt: skip
BORN_ABROAD = ("IRE", "GB", "ARG", "FR")
JOCKEYS = (
    "A. Moreno", "L. Whitfield", "J. Okafor", "R. Delacroix", "T. Sandoval", "M. Brandt", "C. Ibarra", "E. Castellane",
    "P. Nakagawa", "D. Holloway", "S. Quiroga", "B. McTavish", "V. Lindqvist", "F. Arce",
)  # fmt: skip
TRAINERS = (
    "H. Pemberton", "G. Alvarado", "W. Kessler", "N. Fairbanks", "K. Oduya", "D. O'Rourke", "S. Marchetti",
    "R. Thistlewood", "C. Beaumont", "J. Valdivia", "L. Hargrove", "M. Szabo",
)  # fmt: skip
CONDITIONS = (
    "Maiden Special Weight, 6 Furlongs", "Claiming $20,000, 1 Mile", "Allowance, 7 Furlongs",
    "Starter Allowance, 5 Furlongs (Turf)", "Synthetic Downs Handicap, 1 1/8 Miles",
)  # fmt: skip
