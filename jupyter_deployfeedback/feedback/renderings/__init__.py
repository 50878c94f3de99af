"""One file per rendering: the same FeedbackReport in, text out."""
