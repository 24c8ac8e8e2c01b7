"""The engine for any command that reports what its tests did: presets, selection, and the formats of reports."""
