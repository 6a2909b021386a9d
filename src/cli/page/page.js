/* SPDX-License-Identifier: MIT */
/*
 * The page of a batch: everything is drawn from the JSON in #data, in one pass per change of the filter.
 *
 * One array of jobs, one filter, one order; the list of failures, the timeline, the distributions and the table all
 * show the same choice of jobs. The table makes elements for the rows in sight only, the timeline paints at most one
 * job per pixel of a lane: 20 000 jobs scroll and zoom like ten. Text from the batch reaches the document by
 * textContent and by canvas alone, never as markup.
 */
"use strict";
(() => {

const STATUSES = {
	ok: "ok", nonzero: "exit code", signaled: "signal", timeout: "timeout", idle_timeout: "idle timeout",
	cancelled: "cancelled", output_limit: "output limit", oom: "out of memory", limit: "limit",
	spawn_error: "spawn error", lost: "lost",
};
const STATUS_NAMES = Object.keys(STATUSES);
/* Failures that say more come first. */
const FAILURE_ORDER = ["lost", "spawn_error", "oom", "signaled", "nonzero", "limit", "output_limit", "timeout",
	"idle_timeout", "cancelled"];
const ROW = 28;
const FAILURES_AT_ONCE = 12;
const PRINTED_ROWS = 2000;

const $ = (id) => document.getElementById(id);

/* Small makers */

const make = (tag, properties, ...children) => {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties || {})) {
		if (name === "class") element.className = value;
		else if (name in element) element[name] = value;
		else element.setAttribute(name, value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
};
const SVG = "http://www.w3.org/2000/svg";
const draw = (tag, attributes, text) => {
	const element = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
	if (text !== undefined) element.textContent = text;
	return element;
};
const icon = (status) => {
	const svg = draw("svg", { class: "icon", "aria-hidden": "true" });
	svg.append(draw("use", { href: "#s-" + status }));
	return svg;
};
const statusMark = (status) => {
	const mark = make("span", { class: "status", title: STATUSES[status] }, icon(status),
		make("span", {}, STATUSES[status]));
	mark.style.setProperty("--colour", `var(--s-${status})`);
	return mark;
};

/* Numbers for people */

const grouped = new Intl.NumberFormat("en", { useGrouping: true });
const count = (n) => grouped.format(n).replaceAll(",", "\u202f");
const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;
const digits = (x) => x.toFixed(x < 10 ? 2 : x < 100 ? 1 : 0);
const duration = (us) => {
	if (us === null) return "unknown";
	if (us < 1000) return `${us}\u00a0\u00b5s`;
	if (us < 999500) return `${digits(us / 1e3)}\u00a0ms`;
	if (us < 59.95e6) return `${digits(us / 1e6)}\u00a0s`;
	const s = Math.round(us / 1e6);
	if (s < 3600) return `${Math.floor(s / 60)}\u00a0m\u00a0${String(s % 60).padStart(2, "0")}\u00a0s`;
	return `${count(Math.floor(s / 3600))}\u00a0h\u00a0${String(Math.floor(s / 60) % 60).padStart(2, "0")}\u00a0m`;
};
const bytes = (n) => {
	if (n === null) return "unknown";
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;
	while (n >= 1023.5 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${unit ? digits(n) : n}\u00a0${units[unit]}`;
};
const moment = (text) => text.replace("T", " ").replace(/\.\d+Z$/, " UTC");

/* The data */

const data = JSON.parse($("data").textContent);
const summary = data.summary;
const lastAttempt = new Map(data.jobs.map(([number, attempt]) => [number, attempt]));
/* What a terminal would have taken for colours and for the start of the line. */
const plain = (text) => text === null ? null : text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/\r\n?/g, "\n");
const jobs = data.jobs.map((row, index) => {
	const [number, attempt, id, command, status, code, signal, slot, start, length, user, system, memory,
		nOut, nErr, out, err, cut, error, leftovers] = row;
	return {
		index, number, attempt, id, command, status, code, signal, slot, start, length,
		cpu: user === null || system === null ? null : user + system, user, system, memory,
		nOut, nErr, output: nOut + nErr, out: plain(out), err: plain(err), outIsCut: cut & 1, errIsCut: cut & 2, error,
		leftovers, retried: attempt < lastAttempt.get(number), text: null, shown: true,
	};
});
const isOk = (job) => job.status === "ok";
const nameOf = (job) => `job ${job.number}${job.attempt > 1 ? ` (attempt ${job.attempt})` : ""}`;
const exitOf = (job) => {
	if (job.signal) return "SIG" + job.signal;
	return job.code === null ? "\u2013" : `exit ${job.code}`;
};
const endOf = (job) => {
	if (job.slot === null) return "";
	return `${job.signal || job.code !== null ? exitOf(job) + " " : ""}after ${duration(job.length)}`;
};
const textOf = (job) => {
	job.text ??= [job.number, job.id, job.command, STATUSES[job.status], job.status, exitOf(job), job.error,
		job.out, job.err].filter((part) => part !== null).join("\n").toLowerCase();
	return job.text;
};

/* What is shown */

const state = { words: [], statuses: new Set(), key: "number", down: false, shown: jobs, active: 0 };

const COLUMNS = [
	{ key: "number", label: "Job", numeric: true, cell: (job) => job.attempt > 1 ? `${job.number}.${job.attempt}` : job.number },
	{ key: "status", label: "Status", cell: (job) => statusMark(job.status), order: (job) => STATUS_NAMES.indexOf(job.status) },
	{ key: "id", label: "Id", cell: (job) => job.id ?? "", order: (job) => job.id ?? "", absent: !jobs.some((job) => job.id !== null) },
	{ key: "command", label: "Command", cell: (job) => job.command },
	{ key: "exit", label: "Exit", cell: exitOf, order: exitOf },
	{ key: "start", label: "Start", numeric: true, cell: (job) => duration(job.start) },
	{ key: "duration", label: "Duration", numeric: true, cell: (job) => duration(job.length), order: (job) => job.length },
	{ key: "cpu", label: "CPU", numeric: true, cell: (job) => duration(job.cpu) },
	{ key: "memory", label: "Memory", numeric: true, cell: (job) => bytes(job.memory) },
	{ key: "output", label: "Output", numeric: true, cell: (job) => bytes(job.output) },
].filter((column) => !column.absent);

const compare = (a, b) => {
	if (a === b) return 0;
	if (a === null) return -1;
	if (b === null) return 1;
	return a < b ? -1 : 1;
};
const sortShown = () => {
	const column = COLUMNS.find((one) => one.key === state.key);
	const order = column.order || ((job) => job[state.key]);
	const sign = state.down ? -1 : 1;
	state.shown.sort((a, b) => sign * compare(order(a), order(b)) || a.number - b.number || a.index - b.index);
};
const matches = (job) => {
	if (state.statuses.size && !state.statuses.has(job.status)) return false;
	return state.words.every((word) => textOf(job).includes(word));
};
const isFiltered = () => state.words.length > 0 || state.statuses.size > 0;
const applyFilter = () => {
	for (const job of jobs) job.shown = matches(job);
	state.shown = jobs.filter((job) => job.shown);
	state.active = 0;
	sortShown();
	$("found").textContent = isFiltered() ? `${count(state.shown.length)} of ${count(jobs.length)}` : "";
	$("clear").disabled = !isFiltered();
	showChips();
	showFailures();
	showCharts();
	timeline.paint();
	$("scroller").scrollTop = 0;
	table.refresh();
};

/* Summary */

const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
const sum = (list) => list.reduce((total, one) => total + one, 0);
const known = (key) => jobs.map((job) => job[key]).filter((value) => value !== null);
const largest = (list) => list.reduce((most, one) => most === null || one > most ? one : most, null);

const showFigures = () => {
	const all = STATUS_NAMES.map((name) => summary.by_status[name] || 0);
	const ended = sum(all), bad = ended - summary.by_status.ok;
	const lengths = known("length").sort((a, b) => a - b);
	const cpu = known("cpu"), slots = new Set(known("slot")).size;
	const busy = slots && summary.duration ? sum(lengths) / (slots * summary.duration * 1e6) : null;
	const figures = [
		["Jobs", count(ended)], ["Not ok", count(bad), bad > 0], ["Elapsed", duration(Math.round(summary.duration * 1e6))],
		["Median job", lengths.length ? duration(quantile(lengths, .5)) : "\u2013"],
		["Longest job", lengths.length ? duration(lengths[lengths.length - 1]) : "\u2013"],
		["CPU time", cpu.length ? duration(sum(cpu)) : "unknown"],
		["Largest memory", bytes(largest(known("memory")))],
		["Slots busy", busy === null ? "\u2013" : `${Math.min(100, busy * 100).toFixed(0)} % of ${slots}`],
	];
	$("figures").replaceChildren(...figures.map(([name, value, isBad]) =>
		make("div", {}, make("dt", {}, name), make("dd", { class: isBad ? "bad" : "" }, value))));
	showProportions(all, ended);
};
const showProportions = (all, ended) => {
	const parts = [];
	STATUS_NAMES.forEach((name, i) => {
		if (!all[i]) return;
		const part = make("span", { class: name === "ok" ? "" : "striped", title: `${count(all[i])} ${STATUSES[name]}` });
		part.style.setProperty("--colour", `var(--s-${name})`);
		part.style.flexGrow = all[i];
		parts.push(part);
	});
	$("proportions").replaceChildren(...parts);
	$("proportions").hidden = ended === 0;
	$("proportions").setAttribute("aria-label", "Share of each status: " + STATUS_NAMES.map((name, i) => [name, all[i]])
		.filter(([, n]) => n).map(([name, n]) => `${count(n)} ${STATUSES[name]}`).join(", "));
};
const showSubtitle = () => {
	const parts = [`started ${moment(data.started)}`];
	if (summary.mechanism) parts.push(`held by ${summary.mechanism}`);
	if (summary.leftovers) parts.push(`${plural(summary.leftovers, "process", "processes")} left over and ended`);
	$("subtitle").textContent = parts.join(" \u00b7 ");
	const ended = sum(Object.values(summary.by_status));
	document.title = `inbye batch: ${plural(ended, "job")}, ${count(ended - summary.by_status.ok)} not ok`;
};
const showNotes = () => {
	const notes = [];
	if (summary.signal) notes.push(`SIG${summary.signal} ended the batch before its end.`);
	if (summary.not_started === null) notes.push("Not all of the list of jobs was read: how many never started is unknown.");
	else if (summary.not_started) notes.push(`${plural(summary.not_started, "job")} never started.`);
	if (summary.skipped) notes.push(`${plural(summary.skipped, "line")} of the list of jobs could not be read and ${summary.skipped === 1 ? "was" : "were"} skipped.`);
	if (data.unlisted) notes.push(`This page is full: ${plural(data.unlisted, "job")} ${data.unlisted === 1 ? "is" : "are"} counted above and not listed below.`);
	if (data.outputs_left_out) notes.push(`This page is full: the output of ${plural(data.outputs_left_out, "job")} was left out.`);
	$("notes").replaceChildren(...(notes.length ? [make("ul", { class: "note" }, ...notes.map((note) => make("li", {}, note)))] : []));
};
const showChips = () => {
	const listed = {};
	for (const job of jobs) listed[job.status] = (listed[job.status] || 0) + 1;
	const chips = STATUS_NAMES.filter((name) => listed[name]).map((name) => {
		const chip = make("button", { type: "button", class: "chip", "aria-pressed": String(state.statuses.has(name)) },
			icon(name), STATUSES[name], make("b", {}, count(listed[name])));
		chip.dataset.status = name;
		chip.style.setProperty("--colour", `var(--s-${name})`);
		return chip;
	});
	const focused = document.activeElement?.dataset?.status;
	$("statuses").replaceChildren(...chips);
	if (focused) chips.find((chip) => chip.dataset.status === focused)?.focus();
};

/* Failures */

let nFailures = FAILURES_AT_ONCE;

const showStream = (name, text, job, seen, isCut) => {
	if (text === null || text === "") return null;
	return make("div", { class: "stream" }, make("h3", {}, `${name}, ${bytes(seen)}${isCut ? ": the end of what was kept" : ""}`),
		make("pre", { tabIndex: 0, "aria-label": `${name} of ${nameOf(job)}` }, text));
};
const showOutput = (job) => {
	const parts = [showStream("Standard error", job.err, job, job.nErr, job.errIsCut),
		showStream("Standard output", job.out, job, job.nOut, job.outIsCut)]
		.filter((part) => part);
	if (parts.length) return parts;
	const why = job.output === 0 ? "It wrote nothing." : `Its output, ${bytes(job.output)}, is not on this page.`;
	return [make("p", { class: "calm" }, why)];
};
const fillFailure = (details, job) => {
	if (details.dataset.filled) return;
	details.dataset.filled = "yes";
	const facts = [job.cpu === null ? null : `CPU ${duration(job.cpu)}`, job.memory === null ? null : `memory ${bytes(job.memory)}`,
		job.slot === null ? null : `slot ${job.slot}`, `started after ${duration(job.start)}`,
		job.leftovers ? `${job.leftovers} left over` : null].filter((fact) => fact).join(" \u00b7 ");
	details.append(make("div", { class: "in" }, job.command.length > 80 ? make("pre", {}, job.command) : null,
		job.error ? make("p", {}, job.error) : null, make("p", { class: "hint" }, facts), ...showOutput(job)));
};
const showFailure = (job, isOpen) => {
	const label = make("b", {}, job.id === null || job.id === String(job.number) ? job.number : `${job.number} ${job.id}`);
	const details = make("details", { class: "failure" },
		make("summary", {}, statusMark(job.status), make("span", { class: "what" }, label, " ", job.command),
			make("span", { class: "why" }, endOf(job))));
	details.style.setProperty("--colour", `var(--s-${job.status})`);
	details.addEventListener("toggle", () => fillFailure(details, job));
	if (isOpen) {
		fillFailure(details, job);
		details.open = true;
	}
	return details;
};
const showFailures = () => {
	const rank = (job) => FAILURE_ORDER.indexOf(job.status);
	const bad = state.shown.filter((job) => !isOk(job) && !job.retried).sort((a, b) => rank(a) - rank(b) || a.number - b.number || a.index - b.index);
	const shown = bad.slice(0, nFailures);
	$("h-failures").textContent = `Not ok (${count(bad.length)})`;
	if (bad.length)
		$("failure-list").replaceChildren(...shown.map((job, i) => showFailure(job, i < 3)));
	else
		$("failure-list").replaceChildren(make("p", { class: "calm" },
			jobs.length === 0 ? "No job ended." : isFiltered() ? "None of the jobs that the filter shows." : "None: every job is ok."));
	$("more-failures").hidden = shown.length === bad.length;
	$("more-failures").textContent = `Show ${count(Math.min(50, bad.length - shown.length))} more of ${count(bad.length)}`;
};

/* Timeline */

const timeline = (() => {
	const canvas = $("lanes"), context = canvas.getContext("2d"), tip = $("tip");
	const AXIS = 22, GUTTER = 52;
	const end = Math.max(1, Math.round(summary.duration * 1e6), largest(jobs.map((job) => job.start + job.length)) || 0);
	const numbers = [...new Set(known("slot"))].sort((a, b) => a - b);
	const lanes = numbers.map(() => []);
	const laneOf = new Map(numbers.map((slot, i) => [slot, i]));
	for (const job of jobs) if (job.slot !== null) lanes[laneOf.get(job.slot)].push(job);
	for (const lane of lanes) lane.sort((a, b) => a.start - b.start);
	const height = lanes.length <= 8 ? 26 : lanes.length <= 24 ? 18 : lanes.length <= 64 ? 10 : 6;
	let from = 0, to = end, width = 0, chosen = null, queued = false, colours = {};

	const x = (t) => GUTTER + (t - from) / (to - from) * (width - GUTTER);
	const time = (px) => from + (px - GUTTER) / (width - GUTTER) * (to - from);
	const readColours = () => {
		const style = getComputedStyle(document.documentElement);
		for (const name of ["ink", "soft", "rule", "faint", "card", "accent", ...STATUS_NAMES.map((one) => "s-" + one)])
			colours[name] = style.getPropertyValue("--" + name).trim();
	};
	const niceStep = (span, n) => {
		const raw = span / n, power = 10 ** Math.floor(Math.log10(raw));
		if (raw > 30e6) return [60e6, 120e6, 300e6, 600e6, 1800e6, 3600e6, 7200e6, 21600e6, 86400e6].find((step) => step >= raw) || 604800e6;
		return Math.max(1, [1, 2, 5, 10].find((m) => m * power >= raw) * power);
	};
	const tickText = (t, step) => {
		if (t === 0) return "0";
		if (step >= 60e6) return duration(Math.round(t));
		if (step >= 1e6) return t >= 60e6 ? duration(Math.round(t)) : `${Math.round(t / 1e6)} s`;
		if (t >= 1e6) return `${(t / 1e6).toFixed(Math.min(6, Math.max(0, 6 - Math.floor(Math.log10(step)))))} s`;
		if (step >= 1e3) return `${Math.round(t / 1e3)} ms`;
		return t >= 1e3 ? `${(t / 1e3).toFixed(step >= 100 ? 1 : step >= 10 ? 2 : 3)} ms` : `${Math.round(t)} \u00b5s`;
	};
	const paintAxis = (total) => {
		const step = niceStep(to - from, Math.max(2, (width - GUTTER) / 110));
		context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
		context.textBaseline = "middle";
		for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
			const at = Math.round(x(t)) + .5, label = tickText(t, step);
			context.fillStyle = colours.rule;
			context.fillRect(at, AXIS, 1, total - AXIS);
			context.fillStyle = colours.soft;
			context.textAlign = at + context.measureText(label).width / 2 > width - 4 ? "right" : at < GUTTER + 8 ? "left" : "center";
			context.fillText(label, context.textAlign === "right" ? width - 4 : at, AXIS / 2);
		}
	};
	const paintGutter = () => {
		const every = Math.ceil(13 / height);
		context.textAlign = "right";
		context.fillStyle = colours.soft;
		numbers.forEach((slot, i) => {
			if (i % every === 0) context.fillText(every > 1 || lanes.length > 8 ? slot : `slot ${slot}`, GUTTER - 8, AXIS + i * height + height / 2 + .5);
		});
	};
	const stripes = (left, top, w, h) => {
		context.save();
		context.beginPath();
		context.rect(left, top, w, h);
		context.clip();
		context.strokeStyle = colours.card;
		context.globalAlpha = .35;
		context.lineWidth = 1.5;
		context.beginPath();
		for (let at = left - h; at < left + w; at += 6) {
			context.moveTo(at, top + h);
			context.lineTo(at + h, top);
		}
		context.stroke();
		context.restore();
	};
	/* As much of the text as fits, or nothing where that would say nothing. */
	const fit = (text, w) => {
		text = text.slice(0, 200);
		const all = context.measureText(text).width;
		if (all <= w) return text;
		const n = Math.floor(text.length * w / all) - 2;
		return n < 5 ? "" : text.slice(0, n) + "\u2026";
	};
	const paintLabel = (job, left, w, top) => {
		const text = w < 18 || height < 18 ? "" : fit(job.id ?? job.command, w - 14);
		if (!text) return;
		context.textAlign = "left";
		if (!isOk(job)) {
			context.fillStyle = colours.card;
			context.fillRect(left + 4, top + height / 2 - 8, context.measureText(text).width + 6, 16);
		}
		context.fillStyle = colours.ink;
		context.fillText(text, left + 7, top + height / 2 + .5);
	};
	const paintJob = (job, left, right, top) => {
		const gap = height > 8 ? 2 : 1, w = Math.max(isOk(job) ? 1 : 2, right - left - (right - left > 4 ? 1 : 0));
		context.globalAlpha = (job.shown ? 1 : .14);
		context.fillStyle = colours["s-" + job.status];
		if (isOk(job)) {
			context.globalAlpha *= .38;
			context.fillRect(left, top + gap, w, height - 2 * gap);
			context.globalAlpha /= .38;
			if (w > 3) context.fillRect(left, top + gap, 2, height - 2 * gap);
		} else {
			context.fillRect(left, top + gap, w, height - 2 * gap);
			if (w > 8 && job.shown) stripes(left, top + gap, w, height - 2 * gap);
		}
		if (job.shown) paintLabel(job, left, w, top);
		if (job === chosen) {
			context.globalAlpha = 1;
			context.strokeStyle = colours.ink;
			context.lineWidth = 2;
			context.strokeRect(left - 1, top + 1, w + 2, height - 2);
		}
	};
	const firstFrom = (lane, t) => {
		let low = 0, high = lane.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (lane[middle].start + lane[middle].length < t) low = middle + 1;
			else high = middle;
		}
		return low;
	};
	/* Of the jobs that fall on one pixel the last that is not ok is seen, else the first. */
	const paintLane = (lane, top) => {
		let last = -1;
		for (let i = firstFrom(lane, from); i < lane.length && lane[i].start <= to; i++) {
			const job = lane[i], left = Math.max(x(job.start), GUTTER), right = Math.min(x(job.start + job.length), width);
			if (right <= last + .7 && (isOk(job) || !job.shown) && job !== chosen) continue;
			paintJob(job, left, right, top);
			last = Math.max(last, right);
		}
		context.globalAlpha = 1;
	};
	const paintNow = () => {
		queued = false;
		const ratio = window.devicePixelRatio || 1, total = AXIS + Math.max(1, lanes.length) * height + 4;
		width = canvas.clientWidth;
		if (width === 0) return;
		canvas.style.height = total + "px";
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(total * ratio);
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		readColours();
		paintAxis(total);
		lanes.forEach((lane, i) => {
			context.fillStyle = colours.faint;
			context.fillRect(GUTTER, AXIS + i * height + (height > 8 ? 1 : 0), width - GUTTER, height - 1 - (height > 8 ? 1 : 0));
			context.save();
			context.beginPath();
			context.rect(GUTTER, AXIS, width - GUTTER, total - AXIS);
			context.clip();
			paintLane(lane, AXIS + i * height);
			context.restore();
		});
		context.textBaseline = "middle";
		paintGutter();
		$("zoom-out").disabled = $("zoom-all").disabled = to - from >= end;
		canvas.setAttribute("aria-label", `${plural(jobs.length, "job")} in ${plural(lanes.length, "slot")}, ${duration(Math.round(from))} to ${duration(Math.round(to))}`);
	};
	const paint = () => {
		if (queued) return;
		queued = true;
		requestAnimationFrame(paintNow);
	};
	const look = (a, b) => {
		const span = Math.min(end, Math.max(20, b - a));
		from = Math.min(Math.max(0, a), end - span);
		to = from + span;
		paint();
	};
	const zoom = (factor, at = (from + to) / 2) => look(at - (at - from) * factor, at + (to - at) * factor);
	const jobAt = (px, py) => {
		const lane = lanes[Math.floor((py - AXIS) / height)];
		if (!lane || px < GUTTER || py < AXIS) return null;
		const slack = (to - from) / (width - GUTTER) * 3, t = time(px);
		let best = null, distance = slack;
		for (let i = firstFrom(lane, t - slack); i < lane.length && lane[i].start <= t + slack; i++) {
			const job = lane[i], d = Math.max(0, job.start - t, t - job.start - job.length);
			if (d < distance || (d === distance && best && isOk(best) && !isOk(job))) [best, distance] = [job, d];
		}
		return best;
	};
	const say = (job) => [`${nameOf(job)}, slot ${job.slot}: ${STATUSES[job.status]}`,
		!isOk(job) && (job.signal || job.code !== null) ? exitOf(job) : null,
		`${duration(job.length)} from ${duration(job.start)}`].filter((part) => part).join(", ");
	const showTip = (job, px, py) => {
		tip.hidden = !job;
		if (!job) return;
		const mark = statusMark(job.status);
		mark.lastChild.textContent = say(job);
		tip.replaceChildren(mark, make("code", {}, job.command.slice(0, 300)),
			`CPU ${duration(job.cpu)} \u00b7 memory ${bytes(job.memory)} \u00b7 output ${bytes(job.output)}`);
		const box = tip.getBoundingClientRect();
		tip.style.left = Math.max(4, Math.min(px + 14, window.innerWidth - box.width - 8)) + "px";
		tip.style.top = (py + 18 + box.height > window.innerHeight ? py - box.height - 10 : py + 18) + "px";
	};
	const choose = (job, isFound = true) => {
		if (!job) return;
		chosen = job;
		if (isFound && (job.start < from || job.start + job.length > to)) look(job.start - (to - from) / 2, job.start + (to - from) / 2);
		$("timeline-said").textContent = say(job);
		const box = canvas.getBoundingClientRect();
		const frame = $("timeline"), top = AXIS + laneOf.get(job.slot) * height;
		if (top < frame.scrollTop + AXIS || top + height > frame.scrollTop + frame.clientHeight) frame.scrollTop = top - frame.clientHeight / 2;
		showTip(job, box.left + Math.max(GUTTER, x(job.start)), canvas.getBoundingClientRect().top + top + height - 10);
		paint();
	};
	const step = (along, across) => {
		if (!lanes.length) return;
		if (!chosen) return choose(lanes[0][firstFrom(lanes[0], from)] || lanes[0][0]);
		const lane = laneOf.get(chosen.slot);
		if (along) return choose(lanes[lane][lanes[lane].indexOf(chosen) + along]);
		const other = lanes[lane + across];
		if (other) choose(other[Math.min(firstFrom(other, chosen.start + chosen.length / 2), other.length - 1)]);
	};

	let drag = null;
	canvas.addEventListener("pointerdown", (event) => {
		drag = { x: event.clientX, from, to, moved: false };
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener("pointermove", (event) => {
		if (!drag) return showTip(jobAt(event.offsetX, event.offsetY), event.clientX, event.clientY);
		const by = event.clientX - drag.x;
		if (!drag.moved && Math.abs(by) < 4) return;
		drag.moved = true;
		canvas.classList.add("dragged");
		tip.hidden = true;
		const shift = by / (width - GUTTER) * (drag.to - drag.from);
		look(drag.from - shift, drag.to - shift);
	});
	canvas.addEventListener("pointerup", (event) => {
		const job = drag && !drag.moved ? jobAt(event.offsetX, event.offsetY) : null;
		drag = null;
		canvas.classList.remove("dragged");
		if (job) {
			chosen = job;
			paint();
			detail.open(job);
		}
	});
	canvas.addEventListener("pointercancel", () => { drag = null; });
	canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
	canvas.addEventListener("blur", () => { tip.hidden = true; });
	canvas.addEventListener("dblclick", (event) => zoom(.5, time(event.offsetX)));
	canvas.addEventListener("wheel", (event) => {
		if (event.ctrlKey || event.metaKey) {
			event.preventDefault();
			zoom(Math.exp(event.deltaY * .004), time(event.offsetX));
		} else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
			event.preventDefault();
			const by = event.deltaX / (width - GUTTER) * (to - from);
			look(from + by, to + by);
		}
	}, { passive: false });
	const zoomByKey = (factor) => {
		if (!chosen) return zoom(factor);
		const middle = chosen.start + chosen.length / 2, half = (to - from) * factor / 2;
		look(middle - half, middle + half);
		choose(chosen, false);
	};
	const keys = {
		"+": () => zoomByKey(.6), "=": () => zoomByKey(.6), "-": () => zoomByKey(1 / .6), "0": () => zoomByKey(end / (to - from)),
		ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
		Enter: () => { if (chosen) detail.open(chosen); }, Escape: () => { tip.hidden = true; },
	};
	canvas.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
		event.preventDefault();
		keys[event.key]();
	});
	$("zoom-in").addEventListener("click", () => zoom(.5));
	$("zoom-out").addEventListener("click", () => zoom(2));
	$("zoom-all").addEventListener("click", () => look(0, end));
	return { paint, paintNow, range: () => [from, to] };
})();

/* Distributions */

const scaleOf = (values) => {
	const low = values[0], high = values[values.length - 1], middle = quantile(values, .5);
	const isLog = high > 20 * Math.max(1, middle) || (low > 0 && high / low > 1000);
	const floor = Math.max(1, low);
	if (high <= low) return { to: () => .5, from: () => high, isLog: false };
	if (isLog) return {
		to: (v) => Math.log(Math.max(floor, v) / floor) / Math.log(high / floor),
		from: (f) => floor * (high / floor) ** f, isLog,
	};
	return { to: (v) => (v - low) / (high - low), from: (f) => low + f * (high - low), isLog };
};
const showChart = (place, key, format) => {
	const list = state.shown.filter((job) => job[key] !== null);
	const nUnknown = state.shown.length - list.length;
	if (list.length === 0)
		return place.replaceChildren(make("p", { class: "spread" }, state.shown.length ? "Unknown for every job shown." : "No job is shown."));
	const values = list.map((job) => job[key]).sort((a, b) => a - b);
	const scale = scaleOf(values), w = Math.max(160, place.clientWidth), h = 132, base = h - 20;
	const n = Math.min(48, Math.max(8, Math.floor(w / 9)));
	const ok = new Array(n).fill(0), bad = new Array(n).fill(0);
	for (const job of list) (isOk(job) ? ok : bad)[Math.min(n - 1, Math.floor(scale.to(job[key]) * n))]++;
	const top = Math.max(...ok.map((count_, i) => count_ + bad[i]));
	const svg = draw("svg", { viewBox: `0 0 ${w} ${h}`, role: "img" });
	const y = (v) => v / top * (base - 16);
	for (let i = 0; i < n; i++) {
		if (ok[i] + bad[i] === 0) continue;
		const left = i * w / n + .5, wide = w / n - 1, all = Math.max(1.5, y(ok[i] + bad[i])), red = bad[i] ? Math.max(1.5, y(bad[i])) : 0;
		const bar = draw("g", {});
		bar.append(draw("title", {}, `${format(Math.round(scale.from(i / n)))} to ${format(Math.round(scale.from((i + 1) / n)))}: ${plural(ok[i] + bad[i], "job")}${bad[i] ? `, ${count(bad[i])} not ok` : ""}`),
			draw("rect", { x: left, y: base - all, width: wide, height: Math.max(0, all - red), class: "bar-ok" }),
			draw("rect", { x: left, y: base - red, width: wide, height: red, class: "bar-bad" }));
		svg.append(bar);
	}
	svg.append(draw("line", { x1: 0, x2: w, y1: base + .5, y2: base + .5, class: "axis" }));
	const ticks = values[0] === values[values.length - 1] ? [[.5, "middle"]] : [[0, "start"], [.5, "middle"], [1, "end"]];
	for (const [f, anchor] of ticks)
		svg.append(draw("text", { x: f * w, y: h - 5, "text-anchor": anchor, class: "tick" }, format(Math.round(scale.from(f)))));
	svg.append(draw("text", { x: 0, y: 11, class: "tick" }, `${plural(top, "job")} in the highest bar${scale.isLog ? ", log scale" : ""}`));
	const said = `median ${format(quantile(values, .5))}, 95 % below ${format(quantile(values, .95))}, largest ${format(values[values.length - 1])}`;
	svg.setAttribute("aria-label", `${plural(list.length, "job")}: ${said}`);
	const figure = (name, q) => [`${name} `, make("b", {}, format(q))];
	place.replaceChildren(svg, make("p", { class: "spread" }, ...figure("median", quantile(values, .5)), " \u00b7 ",
		...figure("95 % under", quantile(values, .95)), " \u00b7 ", ...figure("largest", values[values.length - 1]),
		nUnknown ? ` \u00b7 unknown for ${count(nUnknown)}` : ""));
};
const showCharts = () => {
	showChart($("chart-duration"), "length", duration);
	showChart($("chart-cpu"), "cpu", duration);
	showChart($("chart-memory"), "memory", bytes);
};

/* Table of jobs */

const table = (() => {
	const scroller = $("scroller"), body = $("rows"), grid = $("jobs");
	let queued = false, isOnPaper = false;

	const columnClass = (column) => `c-${column.key}${column.numeric ? " number" : ""}`;
	const makeHead = () => $("columns").replaceChildren(...COLUMNS.map((column) => {
		const button = make("button", { type: "button" }, column.label);
		button.dataset.key = column.key;
		return make("th", { class: columnClass(column), scope: "col" }, button);
	}));
	const makeRow = (position) => {
		const job = state.shown[position];
		const row = make("tr", { id: `row-${position}`, class: position === state.active ? "active" : "",
			"aria-rowindex": position + 2, "aria-selected": String(position === state.active) });
		for (const column of COLUMNS) {
			const content = column.cell(job);
			const cell = make("td", { class: columnClass(column) + (column.key === "command" ? " command" : "") + (content === "unknown" ? " unknown" : "") }, content);
			row.append(cell);
		}
		row.dataset.position = position;
		return row;
	};
	const pad = (n) => {
		const cell = make("td");
		cell.style.height = n * ROW + "px";
		return make("tr", { class: "pad", "aria-hidden": "true" }, cell);
	};
	const showRange = (a, b) => {
		const rows = [];
		if (a > 0) rows.push(pad(a));
		for (let i = a; i < b; i++) rows.push(makeRow(i));
		if (b < state.shown.length) rows.push(pad(state.shown.length - b));
		if (state.shown.length === 0) rows.push(make("tr", { class: "pad" }, make("td", { colSpan: 4, class: "calm" }, jobs.length ? "No job matches." : "No job ended.")));
		body.replaceChildren(...rows);
	};
	const showNow = () => {
		queued = false;
		if (isOnPaper) return;
		const a = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 8);
		const b = Math.min(state.shown.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + 8);
		showRange(a, b);
		if (state.active >= a && state.active < b) grid.setAttribute("aria-activedescendant", `row-${state.active}`);
		else grid.removeAttribute("aria-activedescendant");
	};
	const queue = () => {
		if (queued) return;
		queued = true;
		requestAnimationFrame(showNow);
	};
	const refresh = () => {
		scroller.classList.toggle("short", state.shown.length < 14);
		grid.setAttribute("aria-rowcount", state.shown.length + 1);
		for (const head of $("columns").children) {
			const isIt = head.firstChild.dataset.key === state.key;
			head.setAttribute("aria-sort", isIt ? state.down ? "descending" : "ascending" : "none");
		}
		$("jobs-shown").textContent = isFiltered() ? `${count(state.shown.length)} of ${count(jobs.length)} shown` : plural(jobs.length, "row");
		showNow();
	};
	const go = (position) => {
		state.active = Math.max(0, Math.min(state.shown.length - 1, position));
		const top = state.active * ROW, inner = scroller.clientHeight - 2 * ROW;
		if (top < scroller.scrollTop) scroller.scrollTop = top;
		else if (top > scroller.scrollTop + inner) scroller.scrollTop = top - inner;
		showNow();
	};
	/* On paper nothing scrolls. */
	const print = () => {
		isOnPaper = true;
		showRange(0, Math.min(state.shown.length, PRINTED_ROWS));
		const cut = state.shown.length - PRINTED_ROWS;
		if (cut <= 0) return;
		const cell = make("td", { colSpan: 4, class: "calm" }, `${count(cut)} more rows are not printed.`);
		body.lastChild.replaceChildren(cell);
	};
	const show = () => {
		isOnPaper = false;
		refresh();
	};
	const sortBy = (key) => {
		const column = COLUMNS.find((one) => one.key === key);
		if (state.key === key) state.down = !state.down;
		else [state.key, state.down] = [key, Boolean(column.numeric) && key !== "number"];
		sortShown();
		state.active = 0;
		scroller.scrollTop = 0;
		refresh();
	};
	const page = () => Math.max(1, Math.floor(scroller.clientHeight / ROW) - 2);
	const keys = {
		ArrowDown: () => go(state.active + 1), ArrowUp: () => go(state.active - 1),
		PageDown: () => go(state.active + page()), PageUp: () => go(state.active - page()),
		Home: () => go(0), End: () => go(state.shown.length - 1),
		Enter: () => { if (state.shown[state.active]) detail.open(state.shown[state.active]); },
	};
	grid.addEventListener("keydown", (event) => {
		if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
		event.preventDefault();
		keys[event.key]();
	});
	$("columns").addEventListener("click", (event) => {
		const button = event.target.closest("button");
		if (button) sortBy(button.dataset.key);
	});
	body.addEventListener("click", (event) => {
		const row = event.target.closest("tr[data-position]");
		if (!row || String(getSelection())) return;
		state.active = Number(row.dataset.position);
		showNow();
		detail.open(state.shown[state.active]);
	});
	scroller.addEventListener("scroll", queue, { passive: true });
	makeHead();
	return { refresh, go, print, show, showNow };
})();

/* One job */

const detail = (() => {
	const dialog = $("detail");
	let current = null;

	const show = (job) => {
		current = job;
		const position = state.shown.indexOf(job);
		$("detail-title").textContent = (job.id === null ? "" : `${job.id}, `) + nameOf(job);
		const facts = [
			["Status", statusMark(job.status)], ["Exit", exitOf(job)], ["Started after", duration(job.start)],
			["Duration", duration(job.length)], ["CPU, user", duration(job.user)], ["CPU, system", duration(job.system)],
			["Peak memory", bytes(job.memory)], ["Slot", job.slot ?? "\u2013"],
			["Standard output", bytes(job.nOut)], ["Standard error", bytes(job.nErr)], ["Left over", job.leftovers ? plural(job.leftovers, "process", "processes") : "none"],
		];
		$("detail-body").replaceChildren(make("dl", { class: "facts" }, ...facts.map(([name, value]) =>
			make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
		make("pre", { tabIndex: 0, "aria-label": "Command" }, job.command),
		...(job.error ? [make("p", { class: "note" }, job.error)] : []), ...showOutput(job));
		$("detail-previous").disabled = position <= 0;
		$("detail-next").disabled = position < 0 || position >= state.shown.length - 1;
		dialog.scrollTop = 0;
	};
	const step = (by) => {
		const job = state.shown[state.shown.indexOf(current) + by];
		if (!job) return;
		show(job);
		table.go(state.shown.indexOf(job));
	};
	const open = (job) => {
		show(job);
		$("tip").hidden = true;
		if (!dialog.open) dialog.showModal();
	};
	$("detail-close").addEventListener("click", () => dialog.close());
	$("detail-previous").addEventListener("click", () => step(-1));
	$("detail-next").addEventListener("click", () => step(1));
	dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
	return { open };
})();

/* Filter, colours, paper */

const watchFilter = () => {
	let timer = 0;
	const take = () => {
		state.words = $("query").value.toLowerCase().split(/\s+/).filter((word) => word);
		nFailures = FAILURES_AT_ONCE;
		applyFilter();
	};
	$("query").addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(take, jobs.length > 2000 ? 120 : 0);
	});
	$("statuses").addEventListener("click", (event) => {
		const name = event.target.closest("button")?.dataset.status;
		if (!name) return;
		if (!state.statuses.delete(name)) state.statuses.add(name);
		applyFilter();
	});
	$("clear").addEventListener("click", () => {
		$("query").value = "";
		state.statuses.clear();
		take();
		$("query").focus();
	});
	$("more-failures").addEventListener("click", () => {
		nFailures += 50;
		showFailures();
	});
	document.addEventListener("keydown", (event) => {
		if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, dialog")) return;
		event.preventDefault();
		$("query").focus();
	});
};

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const colours = {
	KEY: "inbye-page-colours",
	chosen: () => $("theme").querySelector("input:checked").value,
	set(name) {
		document.documentElement.dataset.colours = name;
		timeline.paint();
	},
	apply: () => colours.set(colours.chosen() === "auto" ? dark.matches ? "dark" : "light" : colours.chosen()),
	/* Storage may be refused to a page from a file: the choice then lasts as long as the page. */
	remember() {
		try { localStorage.setItem(colours.KEY, colours.chosen()); } catch { /* see above */ }
	},
	recall() {
		try {
			const input = $("theme").querySelector(`input[value="${localStorage.getItem(colours.KEY)}"]`);
			if (input) input.checked = true;
		} catch { /* see above */ }
	},
};
const watchColours = () => {
	colours.recall();
	dark.addEventListener("change", colours.apply);
	$("theme").addEventListener("change", () => {
		colours.remember();
		colours.apply();
	});
	colours.apply();
};
const watchPaper = () => {
	window.addEventListener("beforeprint", () => {
		document.documentElement.dataset.colours = "light";
		timeline.paintNow();
		table.print();
	});
	window.addEventListener("afterprint", () => {
		colours.apply();
		table.show();
	});
	let width = 0;
	new ResizeObserver(() => {
		if (document.body.clientWidth === width) return;
		width = document.body.clientWidth;
		timeline.paint();
		showCharts();
		table.showNow();
	}).observe(document.body);
};

watchColours();
showSubtitle();
showFigures();
showNotes();
watchFilter();
applyFilter();
watchPaper();
document.documentElement.dataset.ready = "yes";

})();
