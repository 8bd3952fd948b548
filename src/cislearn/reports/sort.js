// A click at the head of a column sorts the rows by it, numbers from the greatest down and texts from A on; a second one
// turns them round. What is empty or not known stays last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const value = (row, k) => {
    const cell = row.cells[k], order = cell.dataset.order;
    return order === undefined ? cell.textContent.trim() || null : order === "nan" ? null : Number(order);
  };
  heads.forEach((head, k) => head.querySelector("button")?.addEventListener("click", () => {
    const before = head.getAttribute("aria-sort"), isNumber = head.classList.contains("number");
    const sign = (before ? before === "descending" : !isNumber) ? 1 : -1;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const compared = (a, b) => {
      const [x, y] = [value(a, k), value(b, k)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true }));
    };
    body.append(...[...body.rows].sort(compared));
  }));
}
