"""How deployments speak: one file for each protocol turns a batch into a request and an answer into predictions."""

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.protocols.base import Answer, Protocol
from jupyter_deployfeedback.probe.protocols.rest import RestProtocol
from jupyter_deployfeedback.probe.settings import TargetSettings

__all__ = ["Answer", "Protocol", "choose_protocol"]


def choose_protocol(settings: TargetSettings) -> Protocol:
    """Return the protocol a target is declared to speak; ``UsageError`` names those that are understood."""
    if settings.protocol != "rest":
        raise UsageError(f"the protocol {settings.protocol!r} is not understood.", remedy="Understood are: rest.")
    return RestProtocol(settings.request, settings.response)
