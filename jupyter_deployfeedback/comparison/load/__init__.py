"""What a loaded target did, window by window: gathered, and estimated from windows of both sides."""
