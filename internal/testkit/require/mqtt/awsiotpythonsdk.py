"""Performs MQTT requests with the AWS IoT Device SDK v1. Each line of the input is a request as JSON, each line of the output its result."""
import json
import logging
import queue
import sys

from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient

logging.disable(logging.CRITICAL)


def perform(r):
    events = queue.Queue()
    client = AWSIoTMQTTClient(r["client_id"])
    client.configureEndpoint(r["host"], r["port"])
    client.configureCredentials(r["ca"], r["key"], r["certificate"])
    client.configureOfflinePublishQueueing(0)
    client.onOffline = lambda: events.put("offline")
    if r["will"]:
        client.configureLastWill(r["will"], "gone", 1)
    client.connectAsync(ackCallback=lambda mid, code: events.put(code))
    answer = events.get(timeout=60)
    if answer != 0:
        return "not connected: %s" % answer
    try:
        if r["action"] == "connect":
            return ""
        if r["action"] == "subscribe":
            client.subscribeAsync(r["topic"], 1, ackCallback=lambda mid, data: events.put(data), messageCallback=None)
        else:  # the public method cannot retain
            client._mqtt_core.publish_async(r["topic"], "content", 1, r["action"] == "retain", lambda mid: events.put(0))
        answer = events.get(timeout=60)
        if answer == "offline":
            return answer
        return "refused" if answer != 0 and answer[0] == 0x80 else ""
    finally:
        try:
            client.disconnectAsync()
        except Exception:  # it is not connected
            pass


for line in sys.stdin:
    request = json.loads(line)
    try:
        refused = perform(request)
    except Exception as e:  # every way in which the SDK reports a refusal
        refused = "%s: %s" % (type(e).__name__, e)
    print(json.dumps({"refused": refused}), flush=True)
