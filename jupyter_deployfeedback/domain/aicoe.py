"""The words of AICoE-CI's documents: its keys, and the metrics that its tests and its pipeline wrote."""

from collections.abc import Mapping
from types import MappingProxyType

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric

MODEL_VERSION, TEST_URL, NAMESPACE = "model_version", "test URL", "namespace deployment"
INFO_METRICS, MODEL_METRICS, PLATFORM_METRICS = "info_metrics", "model_application_metrics", "platform_metrics"
SECTIONS = (INFO_METRICS, MODEL_METRICS, PLATFORM_METRICS)
CPU_MAX, MEMORY_MAX = "CPU max usage", "Memory max usage"
NO_DATA = "N/A"
MEGABYTE = 1e6
"""The bytes of what is written there as ``Mi``."""

TEST_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        name: Metric(name=name, family=family, unit=unit, better=better)
        for name, family, unit, better in (
            ("average_latency", Family.APPLICATION, "s", Better.LOWER),
            ("average_error", Family.MODEL, "share", Better.LOWER),
            ("average_probability", Family.MODEL, "share", Better.NEITHER),
            ("number_requests", Family.APPLICATION, "requests", Better.NEITHER),
        )
    }
)
"""What tests wrote, under their own names: the latency is what the server said of itself, no standard one of ours."""

REQUEST_COUNTS = ("number_requests", "requests_attempted", "requests_answered")
"""What a suite records of how many requests it sent: AICoE's name, and ours."""

USAGE_METRICS: Mapping[str, Metric] = MappingProxyType(
    {CPU_MAX: STANDARD_METRICS["cpu_max"], MEMORY_MAX: STANDARD_METRICS["memory_max"]}
)
"""What the pipeline wrote of the platform."""
