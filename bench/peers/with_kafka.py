"""The consumer that most people would write: confluent-kafka reads and writes, LightGBM predicts.

with_kafka.py [--one] ADDR IN OUT MODEL

Without --one it takes what has come, up to 2,000 messages, and predicts them together.
"""

import argparse
import json
import signal

import lightgbm as lgb
from confluent_kafka import Consumer, Producer

import flights


def main():
    args = argparse.ArgumentParser()
    args.add_argument("addr")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("model")
    args.add_argument("--one", action="store_true", help="one message at a time, as the tutorials do")
    args.add_argument("--threads", type=int, default=1)
    args = args.parse_args()

    model = lgb.Booster(model_file=args.model)
    features = model.feature_name()
    codes = {name: {level: i for i, level in enumerate(levels)} for name, levels in flights.categories(model).items()}
    missing = float("nan")

    # A row of numbers, texts as LightGBM's own codes: many times faster than a data frame of a few rows.
    def row(message):
        return [codes[f].get(message[f], missing) if f in codes else missing if message[f] is None else message[f] for f in features]

    def predict(messages):
        return model.predict([row(m) for m in messages], num_threads=args.threads)

    consumer = Consumer({
        "bootstrap.servers": args.addr, "group.id": "python-" + args.input, "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "fetch.wait.max.ms": 500, "fetch.min.bytes": 1,
    })
    producer = Producer({"bootstrap.servers": args.addr, "linger.ms": 0, "acks": "all", "queue.buffering.max.messages": 1_000_000})
    failed = []

    def delivered(error, _):
        if error is not None:
            failed.append(error)

    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer.subscribe([args.input])
    while running:
        first = consumer.poll(0.2)
        if first is None:
            continue
        records = [first] if args.one else [first, *consumer.consume(1999, 0)]
        for r in records:
            if r.error():
                raise RuntimeError(r.error())
        messages = [json.loads(r.value()) for r in records]
        for r, m, p in zip(records, messages, predict(messages)):
            value = json.dumps({"id": m["id"], "prediction": p}).encode()
            producer.produce(args.output, value, r.key(), headers=r.headers(), timestamp=r.timestamp()[1], on_delivery=delivered)
            producer.poll(0)
        producer.flush()
        if failed:
            raise RuntimeError(failed[0])
        consumer.commit(message=records[-1], asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
