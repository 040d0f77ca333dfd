"""Pages from the network, politely and only once: rate limits, retries, and a snapshot that a killed run goes on from.

A source asks `Fetcher.get` for a page by a name of its own. What was fetched before is read from the snapshot, so no
request is repeated. The raw bytes stay as they came.
"""
