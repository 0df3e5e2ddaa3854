"""Performs MQTT requests with the AWS IoT Device SDK v2. Each line of the input is a request as JSON, each line of the output its result."""
import json
import queue
import sys

from awscrt import mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

LIMIT = 60


def common(r):
    return dict(endpoint=r["host"], port=r["port"], cert_filepath=r["certificate"], pri_key_filepath=r["key"], ca_filepath=r["ca"])


def version3(r):
    ended_by = queue.Queue()
    will = mqtt.Will(r["will"], mqtt.QoS.AT_LEAST_ONCE, b"gone", False) if r["will"] else None
    connection = mqtt_connection_builder.mtls_from_path(
        client_id=r["client_id"], clean_session=True, keep_alive_secs=60, will=will,
        reconnect_min_timeout_secs=0, reconnect_max_timeout_secs=1,  # disconnecting waits for it
        on_connection_interrupted=lambda **kw: ended_by.put(str(kw.get("error"))), **common(r))
    connection.connect().result(LIMIT)
    try:
        if r["action"] == "connect":
            return ""
        if r["action"] == "subscribe":
            future, _ = connection.subscribe(r["topic"], mqtt.QoS.AT_LEAST_ONCE)
        else:
            future, _ = connection.publish(r["topic"], b"content", mqtt.QoS.AT_LEAST_ONCE, retain=r["action"] == "retain")
        future.add_done_callback(ended_by.put)
        ended = ended_by.get(timeout=LIMIT)
        if isinstance(ended, str):
            return "disconnected: " + ended
        result = ended.result()
        if r["action"] == "subscribe" and result["qos"] is None:
            return "refused"
        return ""
    finally:
        connection.disconnect().result(LIMIT)


def version5(r):
    events = queue.Queue()
    will = mqtt5.PublishPacket(topic=r["will"], payload=b"gone", qos=mqtt5.QoS.AT_LEAST_ONCE) if r["will"] else None
    stopped = queue.Queue()
    client = mqtt5_client_builder.mtls_from_path(
        connect_options=mqtt5.ConnectPacket(client_id=r["client_id"], keep_alive_interval_sec=60, will=will),
        on_lifecycle_connection_success=lambda data: events.put(""),
        on_lifecycle_connection_failure=lambda data: events.put("not connected: %s %s" % (data.exception, data.connack_packet)),
        on_lifecycle_disconnection=lambda data: events.put("disconnected: %s" % data.exception),
        on_lifecycle_stopped=lambda data: stopped.put(True), **common(r))
    client.start()
    try:
        refused = events.get(timeout=LIMIT)
        if refused or r["action"] == "connect":
            return refused
        if r["action"] == "subscribe":
            future = client.subscribe(mqtt5.SubscribePacket([mqtt5.Subscription(r["topic"], mqtt5.QoS.AT_LEAST_ONCE)]))
        else:
            future = client.publish(mqtt5.PublishPacket(
                topic=r["topic"], payload=b"content", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=r["action"] == "retain"))
        future.add_done_callback(events.put)
        ended = events.get(timeout=LIMIT)
        if isinstance(ended, str):
            return ended
        result = ended.result()
        code = result.reason_codes[0] if r["action"] == "subscribe" else result.puback.reason_code
        return "" if int(code) < 0x80 else "refused: %s" % code
    finally:
        client.stop()
        stopped.get(timeout=LIMIT)


for line in sys.stdin:
    request = json.loads(line)
    try:
        refused = version5(request) if request["version"] == 5 else version3(request)
    except Exception as e:  # every way in which the SDK reports a refusal
        refused = "%s: %s" % (type(e).__name__, e)
    print(json.dumps({"refused": refused}), flush=True)
