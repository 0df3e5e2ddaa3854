"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const about = JSON.parse($("about").textContent);
  const blocks = [...document.querySelectorAll("script.block")].map((element) => ({ element, rows: Number(element.dataset.rows), read: null }));
  const total = blocks.reduce((sum, block) => sum + block.rows, 0);
  const perPage = 100;
  const number = (n) => n.toLocaleString("en");

  // The encoder of the blocks is page_block.go.
  const inflate = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
  };
  const idOf = (cell, name, before) => {
    const end = /^\x01([lu]?)(\d+)$/.exec(cell);
    if (end !== null) {
      const text = new TextDecoder().decode(new TextEncoder().encode(name).slice(Number(end[2])));
      return end[1] === "l" ? text.toLowerCase() : end[1] === "u" ? text.toUpperCase() : text;
    }
    if (cell[0] !== "\x04" && cell[0] !== "\x05") return cell;
    const low = (parseInt(before.slice(-12), 16) + parseInt(cell.slice(1), 16)).toString(16).padStart(12, "0");
    return before.slice(0, -12) + (cell[0] === "\x04" ? low.toUpperCase() : low);
  };
  const parse = (text, digits) => {
    let manifest = -1, entry = 0, id = "", at = 0;
    const withDigits = (cell) => cell.replace(/([\x02\x03])(\d+);/g, (_, mark, count) => {
      const run = Array.from(digits.subarray(at, at += Number(count)), (b) => b.toString(16).padStart(2, "0")).join("");
      return mark === "\x03" ? run.toUpperCase() : run;
    });
    return text.split("\n").slice(0, -1).map((line) => {
      const cell = line.split("\t"), name = withDigits(cell[4]);
      entry = cell[2] === "" && cell[1] === manifest ? entry + 1 : Number(cell[2]);
      manifest = cell[1];
      id = idOf(cell[5], name, id);
      return {
        outcome: about.outcomes[cell[0]], manifest: Number(manifest), entry, line: cell[3], name, id, certificate: withDigits(cell[6]),
        reason: cell[7] === "" ? "" : about.reasons[cell[7]] || "", detail: cell[8].replaceAll("\x01", () => name),
      };
    });
  };
  const read = async (text) => {
    const [rows, digits] = text.split(".").map(inflate);
    return parse(await rows.text(), new Uint8Array(await digits.arrayBuffer()));
  };
  const rowsOf = (block) => (block.read ??= read(block.element.textContent));

  // The rows that the search finds, as [block, index]; null if all rows are listed.
  let found = null, page = 0, turn = 0;

  const matcher = () => {
    const query = $("query").value.trim().toLowerCase(), outcome = $("outcome").value;
    if (query === "" && outcome === "") return null;
    const bare = query.replace(/[\s:.-]/g, ""), digits = /^[0-9a-f]+$/.test(bare) ? bare : "";
    return (row) => {
      if (outcome !== "" && row.outcome !== outcome) return false;
      if (query === "") return true;
      const text = (row.name + "\t" + row.id + "\t" + row.reason + "\t" + row.detail).toLowerCase();
      if (text.includes(query)) return true;
      if (digits === "") return false;
      return row.id.toLowerCase().includes(digits) || (row.certificate !== "" && row.certificate.startsWith(digits.slice(0, about.digits)));
    };
  };
  const search = async () => {
    const mine = ++turn, matches = matcher();
    page = 0;
    if (matches === null) {
      found = null;
      return show(mine);
    }
    const list = [];
    for (const [b, block] of blocks.entries()) {
      const rows = await rowsOf(block);
      if (mine !== turn) return;
      rows.forEach((row, i) => { if (matches(row)) list.push([b, i]); });
    }
    found = list;
    return show(mine);
  };
  const placesOf = (from, to) => {
    if (found !== null) return found.slice(from, to);
    const places = [];
    let before = 0;
    for (const [b, block] of blocks.entries()) {
      for (let i = Math.max(from - before, 0); i < Math.min(to - before, block.rows); i++) places.push([b, i]);
      before += block.rows;
    }
    return places;
  };
  const cell = (row, text, kind) => {
    const td = row.insertCell();
    td.className = kind;
    td.append(text);
    return td;
  };
  const show = async (mine) => {
    const count = found === null ? total : found.length, pages = Math.max(1, Math.ceil(count / perPage));
    page = Math.min(Math.max(page, 0), pages - 1);
    const body = document.createElement("tbody");
    for (const [b, i] of placesOf(page * perPage, (page + 1) * perPage)) {
      const device = (await rowsOf(blocks[b]))[i], row = body.insertRow();
      cell(row, device.name || device.id || "–", "name");
      const key = document.createElement("span");
      key.className = "key " + device.outcome;
      cell(row, device.outcome, "").prepend(key);
      cell(row, device.id, "wide name");
      cell(row, device.certificate && device.certificate + "…", "wide name");
      const where = (about.manifests.length > 1 ? about.manifests[device.manifest] + " " : "") + number(device.entry);
      cell(row, device.line ? where + " (line " + number(Number(device.line)) + ")" : where, "");
      cell(row, device.reason && device.reason + ": " + device.detail, "");
    }
    if (mine !== turn) return;
    $("list").tBodies[0].replaceWith(body);
    $("list").hidden = count === 0;
    $("pages").hidden = pages === 1;
    $("page").textContent = "page " + number(page + 1) + " of " + number(pages);
    $("first").disabled = $("previous").disabled = page === 0;
    $("next").disabled = $("last").disabled = page === pages - 1;
    $("found").textContent = found === null ? number(total) + (total === 1 ? " device" : " devices") : number(count) + " of " + number(total) + " devices";
  };
  const turnTo = (to) => { page = to; show(++turn); };

  let waiting = 0;
  $("query").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 150); });
  $("outcome").addEventListener("change", search);
  $("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  $("first").addEventListener("click", () => turnTo(0));
  $("previous").addEventListener("click", () => turnTo(page - 1));
  $("next").addEventListener("click", () => turnTo(page + 1));
  $("last").addEventListener("click", () => turnTo(Infinity));
  $("search").hidden = false;
  // The end of the address can name a device: report.html#search=4BA2BB8764BD.
  const fromAddress = () => {
    const query = new URLSearchParams(location.hash.slice(1)).get("search");
    if (query !== null) $("query").value = query;
    search();
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();
})();
