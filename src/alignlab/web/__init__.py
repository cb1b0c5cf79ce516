"""The site where people review, correct and prefer."""

from alignlab.errors import MissingExtraError

try:
    from alignlab.web.serving import serve
    from alignlab.web.site import app
except ImportError as error:
    raise MissingExtraError(str(error.name), "web", "The review site") from None

__all__ = ["app", "serve"]
