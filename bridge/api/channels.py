"""Who is notified elsewhere than by mail. An address and a secret are told to nobody again: who knows them may write there."""

from http import HTTPStatus

from flask import Response, jsonify, make_response

from bridge.api.bulk import asked_for, task_of
from bridge.api.request import ApiRequest, not_found
from bridge.api.webhooks import actor, read_url
from bridge.context import context
from worker import serializers
from worker.actions import channels as actions
from worker.domain.attention import Harm
from worker.domain.channel import ChannelKind
from worker.json_type import tell
from worker.store import channels
from worker.store.channels import Channel, NewChannel


def list_channels(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = channels.of_shop(connection, context().encryption, api_request.shop_id)
    return jsonify(channels=[tell(serializers.CHANNEL, one) for one in found])


def add_channel(api_request: ApiRequest) -> Response:
    """The shop's own, in the shop's language; the secret of a webhook is told this once."""
    body, shop_id = api_request.body, api_request.shop_id
    harm = Harm[body.get("from", "decision").upper()]
    new = NewChannel(shop_id, ChannelKind(body["kind"]), read_url(body["url"]), harm)
    with context().store.write() as connection:
        channel_id, secret = actions.add_channel(connection, context().encryption, new, by=actor(api_request))
    response = jsonify({**tell(serializers.CHANNEL, channel_of(api_request, channel_id)), "secret": secret or None})
    response.status_code = HTTPStatus.CREATED
    return response


def remove_channel(api_request: ApiRequest, channel_id: int) -> Response:
    channel = channel_of(api_request, channel_id)
    with context().store.write() as connection:
        actions.remove_channel(connection, channel, by=actor(api_request))
    return make_response(b"", HTTPStatus.NO_CONTENT)


def try_channel(api_request: ApiRequest, channel_id: int) -> Response:
    channel = channel_of(api_request, channel_id)
    return asked_for(api_request, "try_channel", {"channel_id": channel.channel_id}, path="channels/tests")


def get_channel_test(api_request: ApiRequest, task_id: int) -> Response:
    return jsonify(serializers.task(task_of(api_request, task_id, ("try_channel",))))


def channel_of(api_request: ApiRequest, channel_id: int) -> Channel:
    with context().store.read() as connection:
        found = channels.find(connection, context().encryption, api_request.shop_id, channel_id)
    if found is None:
        raise not_found("channel")
    return found
