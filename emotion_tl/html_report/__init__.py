"""Reports as one HTML file that needs no network: sections of text, tables that sort, figures as SVG, and images."""
