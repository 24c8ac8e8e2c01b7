"""The suite on a CI service: in a checkout without an installation, with baselines, culprits and report files."""
