"""What the tests share.

client.py           the client of a host's API: generations, sweeps, options, this extension's routes
page_client.py      the same with what the page does: header, Settings, ↙️, Reload UI
host_in_process.py  the embedded host's modules in the test's own process
memory_session.py   a session without a host, for `run_sweep`: pictures of one colour each
painted.py          sweeps on disk whose pictures are landscapes, for pages
measured.py         measured records and folders, for findings, charts and comparisons
lora_files.py       LoRA files in the folder of a running host
extensions/         extensions of others that a test puts beside ours: `faults`, `meddling`, `probe`
"""
