"""The server extension: REST under ``API`` and run events. The only place that knows tornado."""

API = "deployfeedback/api/v1"
