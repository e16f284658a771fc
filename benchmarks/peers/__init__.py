"""What the package is compared with: programs as other people write them."""
