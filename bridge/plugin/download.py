"""The plugin's zip, for whoever installs or updates it: it holds no secret, and WordPress fetches it without signing in."""

from flask import Blueprint, Response, make_response, request

from bridge.plugin.package import own_package

blueprint = Blueprint("plugin_download", __name__)

PATH = "/plugin/facturelay.zip"


@blueprint.get(PATH)
def download() -> Response:
    """The zip of the version that belongs to this Facturelay, the same bytes as that of the release."""
    package = own_package()
    response = make_response(package.content)
    response.content_type = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{package.file_name}"'
    response.set_etag(package.sha256)
    response.make_conditional(request)
    return response
