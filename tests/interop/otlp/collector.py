"""A collector: takes OTLP over HTTP as OpenTelemetry's own package reads it, and writes a line of JSON for each span.

The first line is its address.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


def plain(attributes):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces", self.path
        assert self.headers["content-type"] == "application/x-protobuf"
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    say(
                        {
                            "resource": plain(resource.resource.attributes),
                            "authorization": self.headers["authorization"],
                            "trace": span.trace_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "name": span.name,
                            "nanos": span.end_time_unix_nano - span.start_time_unix_nano,
                            "attributes": plain(span.attributes),
                            "failed": span.status.code == 2,
                            "raw": str(span),
                        }
                    )
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
say({"address": f"http://127.0.0.1:{server.server_port}"})
server.serve_forever()
