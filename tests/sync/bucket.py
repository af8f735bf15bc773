"""An S3 server on loopback for tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Buckets:
    """Makes buckets; the AWS variables lead to the server."""

    def __init__(self, endpoint: str) -> None:
        self._client = boto3.client("s3", endpoint_url=endpoint)

    def url(self, name: str) -> str:
        """The address of a new, empty bucket."""
        self._client.create_bucket(Bucket=name)
        return f"s3://{name}/sealed"


@contextmanager
def buckets() -> Iterator[Buckets]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with mock.patch.dict(os.environ, VARIABLES | {"AWS_ENDPOINT_URL": endpoint}):
        try:
            yield Buckets(endpoint)
        finally:
            server.stop()
