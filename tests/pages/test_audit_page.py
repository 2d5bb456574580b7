"""The page Audit through a browser: nothing yet, an audit by its button, and the kept result."""


def test_the_button_audits_the_shipped_run_and_the_result_is_kept(server, browser):
    browser.open(f"{server}/audit").expect("Audit this run")
    browser.page.get_by_role("button", name="Audit this run").click()
    browser.expect("No leak found", "Passed: ", "What it means on the sky")
    browser.expect_figure("What predicts the class").settle()
    assert browser.failures == []
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name="Audit (CSV)").click()
    assert download.value.suggested_filename.startswith("audit_")
    browser.open(f"{server}/audit").expect("No leak found", "Audited 20")
    assert browser.foreign_requests == []
