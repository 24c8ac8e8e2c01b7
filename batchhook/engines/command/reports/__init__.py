"""Readers of test reports, one module per format; each yields what ``case.ReportedCase`` describes."""
