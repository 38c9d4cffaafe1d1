"""What clip skip did to the pictures of a sweep: measures, effects, findings in words, charts. No host, no torch."""
