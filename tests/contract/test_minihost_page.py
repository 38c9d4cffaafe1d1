"""The embedded host's page in a browser, with a throwaway extension."""

import base64
import socket

from tests.helpers.extensions.probe import generate, state

# The page


def open_page(page, probe, query=""):
    page.goto(f"{probe.url}/?__theme=dark{query}")
    page.wait_for_function("typeof opts !== 'undefined' && Object.keys(opts).length > 0")


def fill(page, elem_id, value):
    field = page.locator(f"#{elem_id} input[type=number]").first
    field.fill(str(value))
    field.blur()


def small(page, tab="txt2img", steps=2):
    for name, value in (("width", 64), ("height", 64), ("steps", steps)):
        fill(page, f"{tab}_{name}", value)


def open_tab(page, title):
    page.locator("#tabs > .tab-nav > button", has_text=title).first.click()


def test_page_loads_scripts_styles_and_settings_in_order(page, probe):
    open_page(page, probe)
    order = page.evaluate("probeOrder")
    assert order[:2] == ["a", "b"] and {"loaded", "options", "tab"} <= set(order)
    assert page.evaluate("opts.probe_number") == 3
    open_tab(page, "Probe")
    outline = page.locator("#probe_html").first.evaluate("x => getComputedStyle(x).outlineColor")
    assert outline == "rgb(1, 2, 3)"
    assert page.evaluate("get_uiCurrentTabContent().id") == "tab_probe"


def test_generating_on_the_page(page, probe):
    open_page(page, probe)
    page.fill("#txt2img_prompt textarea", "a house")
    small(page)
    fill(page, "txt2img_batch_size", 2)
    fill(page, "txt2img_seed", 7)
    page.click("#txt2img_generate")
    page.wait_for_selector("#txt2img_gallery .thumbnail-small")
    info = page.locator("#html_info_txt2img").first
    assert "Seed: 7" in info.inner_text() and "Probe text: quiet" in info.inner_text()
    # The grid is first; the text is that of the picture that is selected.
    page.locator("#txt2img_gallery .thumbnail-small").nth(2).click()
    page.wait_for_function("document.querySelector('#html_info_txt2img').innerText.includes('Seed: 8')")
    assert "Time taken" in page.locator("#html_log_txt2img").first.inner_text()


def test_a_script_of_the_dropdown_on_the_page(page, probe):
    open_page(page, probe)
    small(page)
    page.locator("#txt2img_script_container #script_list input").click()
    page.locator("#txt2img_script_container #script_list li", has_text="Probe Selectable").click()
    field = page.locator("#script_txt2img_probe_selectable_first textarea")
    field.fill("break")
    page.click("#txt2img_generate")
    page.wait_for_selector("#html_log_txt2img .error")
    assert "ValueError: the probe broke" in page.locator("#html_log_txt2img").first.inner_text()
    field.fill("fine")
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img').innerText.includes('fine')")


def test_interrupting_on_the_page(page, probe):
    open_page(page, probe)
    small(page, steps=150)
    for name in ("width", "height"):
        fill(page, f"txt2img_{name}", 256)
    page.click("#txt2img_generate")
    page.wait_for_selector(".progressDiv .progress")
    page.wait_for_function("/ETA/.test(document.querySelector('.progressDiv .progress')?.innerText)")
    page.click("#txt2img_interrupt")
    page.wait_for_selector("#txt2img_gallery img")
    page.wait_for_function("!document.querySelector('.progressDiv')")
    page.wait_for_function("document.querySelector('#txt2img_interrupt').style.display === 'none'")


def test_png_info_sends_to_the_tabs(page, probe, probe_api, tmp_path):
    probe_api.set_options({"CLIP_stop_at_last_layers": 1})  # else the override below would stay: it was never set
    made = generate(probe, seed=1234, override_settings={"CLIP_stop_at_last_layers": 3}, cfg_scale=4.5)
    picture = tmp_path / "made.png"
    picture.write_bytes(base64.b64decode(made["images"][0]))
    open_page(page, probe)
    open_tab(page, "PNG Info")
    page.set_input_files("#pnginfo_image input[type=file]", picture)
    page.wait_for_selector("text=Clip skip: 3")
    page.locator("#tab_pnginfo button#txt2img_tab").click()
    page.wait_for_function("document.querySelector('#txt2img_seed input').value === '1234'")
    assert page.locator("#txt2img_prompt textarea").input_value() == "a cat"
    assert page.locator("#txt2img_cfg_scale input[type=number]").input_value() == "4.5"
    # What differs from the settings goes to the overrides of the next generations.
    assert "Clip skip: 3" in page.locator("#txt2img_override_settings").inner_text()
    assert page.evaluate("get_uiCurrentTabContent().id") == "tab_txt2img"
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img').innerText.includes('Clip skip: 3')")

    open_tab(page, "PNG Info")
    page.locator("#tab_pnginfo button#inpaint_tab").click()
    page.wait_for_selector("#img2maskimg img, #img2maskimg canvas")
    assert page.evaluate("get_tab_index('mode_img2img')") == 1


def test_sending_from_the_gallery_and_img2img(page, probe):
    open_page(page, probe)
    page.fill("#txt2img_prompt textarea", "to be sent")
    small(page)
    page.click("#txt2img_generate")
    page.wait_for_selector("#txt2img_gallery img")
    page.click("#txt2img_send_to_img2img")
    page.wait_for_selector("#img2img_image img")
    page.wait_for_function("document.querySelector('#img2img_prompt textarea').value === 'to be sent'")
    assert page.locator("#img2img_width input[type=number]").input_value() == "64"
    fill(page, "img2img_steps", 4)
    page.click("#img2img_generate")
    page.wait_for_selector("#img2img_gallery img")
    assert "Denoising strength: 0.75" in page.locator("#html_info_img2img").first.inner_text()


def test_settings_of_page_and_header(page, probe, probe_api):
    open_page(page, probe)
    open_tab(page, "Settings")
    page.locator("#settings > .tab-nav > button", has_text="Probe").click()
    number = page.locator("#setting_probe_number input[type=number]")
    number.wait_for(state="visible")
    number.fill("4")
    number.blur()
    page.click("#settings_submit")
    # The first time all settings count as changed: nothing of them was in the file.
    page.wait_for_function(
        "/settings changed: .*probe_number/.test(document.querySelector('#settings_result').innerText)"
    )
    page.wait_for_function("opts.probe_number === 4")
    assert probe_api.get_options()["probe_number"] == 4
    probe_api.set_options({"probe_number": 3})
    # What is in the header is not on the page.
    assert page.locator("#setting_sd_model_checkpoint").count() == 1
    assert page.locator("#quicksettings #setting_sd_model_checkpoint").count() == 1


def reload_ui(page, before):
    """Reload UI, and the wait until the page is the new one."""
    with page.expect_navigation(timeout=30_000):
        before()
    page.wait_for_function("typeof opts !== 'undefined' && Object.keys(opts).length > 0")


def test_reload_ui_runs_script_files_again_and_clears_callbacks(page, probe, probe_api):
    first = state(probe)
    probe_api.set_options(
        {"localization": "probe_lang", "quicksettings_list": ["sd_model_checkpoint", "CLIP_stop_at_last_layers"]}
    )
    open_page(page, probe)
    open_tab(page, "Settings")
    reload_ui(page, lambda: page.click("#settings_restart_gradio"))
    again = state(probe)
    # The file ran again, its package did not: the list that it keeps there has grown.
    assert [x["basedir"] for x in again["loads"]] == [first["loads"][0]["basedir"]] * 2
    assert again["callbacks"] == first["callbacks"] and again["callbacks"]["callbacks_ui_tabs"] == 1
    assert again["slices"] == first["slices"] and again["records"] == first["records"]
    # And the settings that need it are in use.
    assert page.locator("#quicksettings #setting_CLIP_stop_at_last_layers").count() == 1
    assert page.locator("#txt2img_generate").inner_text() == "Erzeugen"
    assert "Verfahren" in page.locator("#tab_txt2img").inner_text()
    # A slider of the header sets and saves when it is let go.
    slider = page.locator("#setting_CLIP_stop_at_last_layers input[type=range]")
    slider.evaluate("x => { x.value = 5; x.dispatchEvent(new Event('input', {bubbles: true})); }")
    slider.dispatch_event("pointerup")
    page.wait_for_function("opts.CLIP_stop_at_last_layers === 5")
    assert probe_api.get_options()["CLIP_stop_at_last_layers"] == 5
    generate(probe)


def test_reload_ui_does_not_wait_for_ever_for_a_request_that_does_not_end(page, probe):
    before = len(state(probe)["loads"])
    open_page(page, probe)
    open_tab(page, "Settings")
    with socket.create_connection(("127.0.0.1", probe.port)) as other_client:
        other_client.sendall(b"GET /probe/endless HTTP/1.1\r\nHost: probe\r\n\r\n")
        reload_ui(page, lambda: page.click("#settings_restart_gradio"))
    assert len(state(probe)["loads"]) == before + 1
