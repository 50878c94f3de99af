"""The server extension: REST under ``deployfeedback/api/v1`` and run events. The only place that knows tornado."""
