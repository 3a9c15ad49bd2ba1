"""Workers of a Dask cluster: reaching them, and what each is; Dask is imported when one is asked.

What workers send is bytes, checked and read as JSON or by digest, and never unpickled here.
"""
