"""Draws the evidence of the sample dossier.

Tools: faces, notice, word, seal, scan, sheet, photo, poster. What is drawn: section_1 to section_7 and self_report.
"""
