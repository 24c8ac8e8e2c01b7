-- The history of one test, for its page (store/test_history.py), in tables that otherwise are read batch by batch.
CREATE INDEX attributions_by_test ON attributions (test_id, batch_id);
CREATE INDEX slowdowns_by_name ON slowdowns (name, batch_id);
-- Runs of the whole suite, among which probes are most.
CREATE INDEX whole_runs ON runs (id) WHERE is_complete AND NOT is_probe AND broken_reason = '';
