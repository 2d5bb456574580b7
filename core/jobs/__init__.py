"""Long computations in processes of their own: a folder per job, one runner per machine, tasks on Dask workers."""
