# SPDX-License-Identifier: MIT
"""A Chromium without a window, spoken to over its DevTools pipe; for tests of the page of `inbye batch --html`.

    with Browser(folder) as browser:
        page = browser.open(path, width=1280, height=800, dark=False)
        page.evaluate("document.title"); page.screenshot(file); page.complaints()
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--disable-component-update",
             "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe"]
END = b"\x00"


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """The process and its pipe: messages are JSON, each with a NUL behind it."""

    def __init__(self, folder, deadline=250):
        self.deadline = time.monotonic() + deadline
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_read, to_write)]

        def take_ends():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        with open(os.path.join(folder, "browser.log"), "wb") as log:
            self.process = subprocess.Popen(
                [find()] + ARGUMENTS + ["--user-data-dir=" + os.path.join(folder, "profile")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=take_ends, close_fds=False)
        for fd in (to_read, to_write, *ends):
            os.close(fd)
        self.rest, self.last, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (EOFError, OSError):
            pass
        os.close(self.to)
        self.process.wait()
        os.close(self.back)

    def read(self):
        while END not in self.rest:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                self.process.kill()
                raise TimeoutError("the browser does not answer")
            data = os.read(self.back, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self.rest += data
        line, self.rest = self.rest.split(END, 1)
        return json.loads(line)

    def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + END
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def wait_event(self, method, session):
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self.read())

    def open(self, path, width=1280, height=800, dark=False):
        return Page(self, path, width, height, dark)


class Page:
    def __init__(self, browser, path, width, height, dark):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height)
        self.prefer(dark)
        started = time.monotonic()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        browser.wait_event("Page.loadEventFired", self.session)
        self.settle()
        self.seconds = time.monotonic() - started

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def prefer(self, dark):
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError("%s: %s" % (expression, answer["exceptionDetails"]))
        return answer["result"].get("value")

    def settle(self):
        """Two frames later everything that was asked for has been painted."""
        self.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))")

    def wait(self, expression):
        """Until it holds: looked at once per frame, by the page itself."""
        self.evaluate("new Promise(r => { const look = () => (%s) ? r(0) : requestAnimationFrame(look); look(); })"
                      % expression)

    def key(self, key):
        """A key that types nothing, or one character."""
        text = "\r" if key == "Enter" else key if len(key) == 1 else None
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33, "PageDown": 34}
        names = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown", **names, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **names)
        self.settle()

    def type(self, text):
        self.call("Input.insertText", text=text)

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def screenshot(self, path=None):
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if path:
            with open(path, "wb") as file:
                file.write(data)
        return data

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def complaints(self):
        """What the console of a developer would show in red or yellow, and whatever went to the network."""
        self.settle()
        return [text for event in self.browser.events if event.get("sessionId") == self.session
                for text in [complaint_of(event["method"], event["params"])] if text]


def complaint_of(method, params):
    if method == "Runtime.exceptionThrown":
        return str(params["exceptionDetails"])
    if method == "Runtime.consoleAPICalled":
        return str(params.get("args"))
    if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
        return params["entry"]["text"]
    if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
        return "asked the network for " + params["request"]["url"]
    return None
