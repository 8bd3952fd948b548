// The search of a site runs in a worker, and a page read from a disk may start none. There a hidden frame takes the
// worker's script instead, and messages go to and fro as events.
"use strict";

if (location.protocol === "file:") {
  // The script of mkdocs-material looks for this name, to find its own address by the frame's document.
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.early = [];
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", {data}));
      const script = frame.contentDocument.createElement("script");
      script.src = url;
      script.addEventListener("load", () => {
        const early = this.early;
        this.early = null;
        early.forEach((data) => this.postMessage(data));
      });
      frame.contentDocument.body.append(script);
    }

    postMessage(data) {
      if (this.early) this.early.push(data);
      else this.inside.dispatchEvent(new MessageEvent("message", {data}));
    }
  };
}
