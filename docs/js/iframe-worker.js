// Browsers refuse a web worker to a page that is opened from the disk. There, the search runs in a
// hidden frame instead, which takes the same messages as a worker would.
class IFrameWorker extends EventTarget {
  constructor(url) {
    super();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    this.frame = frame.contentWindow;
    this.frame.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    const script = frame.contentDocument.createElement("script");
    this.loaded = new Promise((done) => (script.onload = done));
    script.src = url;
    frame.contentDocument.body.append(script);
  }

  postMessage(data) {
    this.loaded.then(() => this.frame.dispatchEvent(new MessageEvent("message", { data })));
  }
}

if (location.protocol === "file:") {
  window.IFrameWorker = IFrameWorker; // the theme's search looks for this name
  window.Worker = IFrameWorker;
}
