"""One statistical method to a file: samples in, Measured out. Sources stand beside each formula."""
