-- The judge: reads the notes of all processes, and checks each cached read. A read is right if there is a moment between its begin, less the delay
-- that the writer may have, and its end, at which the database may have given all of it. What the reader's own process has committed before the begin
-- must be in it.
local model = require "cache.oracle_model"

local check = {}

local function split(line)
  local parts = {}
  for part in line:gmatch "[^\t]+" do parts[#parts + 1] = part end
  return parts
end

local function parse_state(text)
  local created, row, v, rest = text:match "^(%+?)(%a%d+):(%d+):?(.*)$"
  local state = { text = text:gsub("^%+", ""), row = row, v = tonumber(v), created = created == "+", gone = rest == "gone" }
  local team, balance, name = rest:match "^(%d+):(%-?%d+):(.*)$"
  state.team, state.balance, state.name = tonumber(team), tonumber(balance), name
  if row:sub(1, 1) == "v" then state.amount = tonumber(rest) end
  return state
end

-- ----------------------------------------------------------------------------------------------------------------------------------- history

local History = {}
History.__index = History

-- `delay`: seconds after which a commit of another process is seen at the latest.
function check.new(delay)
  return setmetatable({ rows = {}, reads = {}, first = {}, slices = {}, texts = {}, last = 0, unknown = math.huge, delay = delay }, History)
end

function History:commit(process, before, after, states)
  self.last = math.max(self.last, after or before)
  for _, text in ipairs(states) do
    local state = parse_state(text)
    state.before, state.after, state.process = before, after or math.huge, process
    state.maybe = after == nil
    local list = self.rows[state.row] or {}
    self.rows[state.row] = list
    list[#list + 1] = state
  end
end

-- A read with `include` sends two statements, each of which sees a state of its own: they are judged as two reads.
function History:note_read(process, begin, ended, about, states)
  local read = { process = process, begin = begin, ["end"] = ended, about = about, states = states }
  self.last = math.max(self.last, ended)
  local id = about:match "^notes (%d+)$"
  if id then
    read.about = "id " .. id
    read.states = { states[1] }
    if states[1] then self:note_read(process, begin, ended, "below " .. id, { table.unpack(states, 2) }) end
  end
  self.reads[#self.reads + 1] = read
end

-- Reads the notes of one thread.
function History:read_notes(process, path)
  local open = {} -- commits whose answer is not noted yet
  for line in io.lines(path) do
    local parts = split(line)
    local kind = parts[1]
    if kind == "W" then
      self:commit(process, tonumber(parts[2]), tonumber(parts[3]), { table.unpack(parts, 4) })
    elseif kind == "B" then
      open[parts[2]] = { before = tonumber(parts[3]), states = { table.unpack(parts, 4) } }
    elseif kind == "A" then
      local commit = open[parts[2]]
      self:commit(process, commit.before, tonumber(parts[3]), commit.states)
      open[parts[2]] = nil
    elseif kind == "F" then
      open[parts[2]] = nil
    elseif kind == "U" then
      self.unknown = math.min(self.unknown, tonumber(parts[2]))
    elseif kind == "R" then
      self:note_read(process, tonumber(parts[2]), tonumber(parts[3]), parts[4], { table.unpack(parts, 5) })
    end
  end
  for _, commit in pairs(open) do self:commit(process, commit.before, nil, commit.states) end
end

-- Finds the generation of each state: the state with which the row was created. A deleted row ends it.
local function place_generations(list)
  table.sort(list, function(a, b)
    if a.v ~= b.v then return a.v < b.v end
    return not a.gone and b.gone or false
  end)
  local base = 0
  for _, state in ipairs(list) do
    if state.created then base = state.v end
    state.base = state.gone and base + 0.5 or base
  end
end

-- The notes of an account are created with it, and count from the same number. They are deleted with it.
function History:delete_notes(account)
  for _, state in ipairs(self.rows[account]) do
    for i = 1, state.gone and 2 or 0 do
      local row = account:gsub("a", "n") .. i
      local list = self.rows[row] or {}
      self.rows[row] = list
      list[#list + 1] = { text = row .. ":gone", row = row, v = state.base, base = state.base, gone = true, before = state.before, after = state.after,
        process = state.process, maybe = state.maybe }
    end
  end
end

-- Removes what is noted twice, and orders the states of a row: generation by generation.
local function ordered(list)
  table.sort(list, function(a, b)
    if a.base ~= b.base then return a.base < b.base end
    if a.v ~= b.v then return a.v < b.v end
    return not a.maybe and b.maybe
  end)
  local kept = {}
  for _, state in ipairs(list) do
    local last = kept[#kept]
    local doubled = last and last.v == state.v and last.gone == state.gone
    if not doubled then kept[#kept + 1] = state end
  end
  return kept
end

-- Returns a function that finds the row's creation that is known to come after a moment, and to be answered first. The numbers of generations do not tell
-- their order: the writer chooses one before it waits for a connection, or for another writer.
local function find_creations(list)
  local creations = {}
  for _, state in ipairs(list) do
    if state.created and not state.maybe then creations[#creations + 1] = state end
  end
  table.sort(creations, function(a, b) return a.before < b.before end)
  local first = {} -- of each and those behind it
  for i = #creations, 1, -1 do
    local behind = first[i + 1]
    first[i] = behind and behind.after < creations[i].after and behind or creations[i]
  end
  return function(moment)
    local low, high = 1, #creations + 1
    while low < high do
      local middle = (low + high) // 2
      if creations[middle].before < moment then low = middle + 1 else high = middle end
    end
    return first[low]
  end
end

-- Slices of time, so that a read is compared with the states of its time only.
local SLICE = 0.25
local function slice_of(moment) return math.floor(moment / SLICE) end

function History:place_in_time(row, states)
  local slices = {}
  for _, state in ipairs(states) do
    self.texts[state.text] = self.texts[state.text] or state
    for n = slice_of(state.before), slice_of(math.min(state.until_, self.last)) do
      slices[n] = slices[n] or {}
      table.insert(slices[n], state)
    end
  end
  self.slices[row] = slices
end

-- Iterates over the states of a row that may be seen in a span.
function History:states(row, low, high)
  local slices = self.slices[row] or {}
  local from, last = slice_of(low), slice_of(high)
  local n, i = from, 0
  return function()
    while n <= last do
      i = i + 1
      local state = slices[n] and slices[n][i]
      if not state then
        n, i = n + 1, 0
      elseif n == from or slice_of(state.before) == n then -- once, in the first of its slices
        return state
      end
    end
  end
end

-- Says until when each state may be seen: the answer of the commit of the next one that is known to have happened.
function History:finish()
  local accounts = {}
  for row, list in pairs(self.rows) do
    place_generations(list)
    if row:sub(1, 1) == "a" then accounts[#accounts + 1] = row end
  end
  for _, account in ipairs(accounts) do self:delete_notes(account) end
  for row, list in pairs(self.rows) do
    local kept = ordered(list)
    local creation_after = find_creations(kept)
    local known
    for i = #kept, 1, -1 do
      local state = kept[i]
      local same = known and math.floor(known.base) == math.floor(state.base)
      state.next = same and known or creation_after(state.after)
      state.until_ = state.next and state.next.after or math.huge
      if not state.maybe then known = state end
    end
    self.rows[row] = kept
    self.first[row] = kept[1]
    self:place_in_time(row, kept)
  end
end

-- ------------------------------------------------------------------------------------------------------------------------------------- judge

-- Whether the reader may still see the state, by what its own process has committed.
local function not_replaced(history, read, state)
  local following = state.next
  if not following then return true end
  local own = following.process == read.process or history.delay == 0
  return not own or following.after >= read.begin
end

local function possible_at(history, read, state, moment)
  return state.before <= moment and state.until_ >= moment and not_replaced(history, read, state)
end

-- Whether the row may be in a state that suits, at that moment. A row that was never there suits if `gone` does.
local function row_may(history, read, row, moment, suits)
  for state in history:states(row, moment, moment) do
    if possible_at(history, read, state, moment) and suits(state) then return true end
  end
  -- before its first state it was not there
  local first = history.first[row]
  return (not first or moment <= first.after) and suits { gone = true }
end

-- The moments at which anything changes for these rows, within a span.
local function moments(history, rows, low, high)
  local list = { low, high }
  for _, row in ipairs(rows) do
    for state in history:states(row, low, high) do
      for _, moment in ipairs { state.before, state.until_ } do
        if moment > low and moment < high then list[#list + 1] = moment end
      end
    end
  end
  return list
end

local ACCOUNTS = {}
for id = 1, model.ACCOUNTS do ACCOUNTS[id] = "a" .. id end

local function outside_team(team)
  return function(state) return state.gone or state.team ~= team end
end
local function is_gone(state) return state.gone end
local function is_there(state) return not state.gone end

-- What must hold beside the states that the read gave: a list of rows, and a function of a moment.
local kinds = {}

function kinds.id(history, read, argument)
  return { "a" .. argument }, function(moment) return #read.states > 0 or row_may(history, read, "a" .. argument, moment, is_gone) end
end

function kinds.name(history, read, argument)
  return ACCOUNTS, function(moment)
    if #read.states > 0 then return true end
    for _, row in ipairs(ACCOUNTS) do
      if not row_may(history, read, row, moment, function(state) return state.gone or state.name ~= argument end) then return false end
    end
    return true
  end
end

local function seen(read)
  local rows = {}
  for _, text in ipairs(read.states) do rows[text:match "^(%a%d+):"] = true end
  return rows
end

-- The notes of an account that was there.
function kinds.below(history, read, argument)
  local rows = { ("n%s1"):format(argument), ("n%s2"):format(argument) }
  local found = seen(read)
  return rows, function(moment)
    for _, row in ipairs(rows) do
      if not found[row] and not row_may(history, read, row, moment, is_gone) then return false end
    end
    return true
  end
end

function kinds.noted(history, read, argument)
  local rows = { "a" .. argument, ("n%s1"):format(argument), ("n%s2"):format(argument) }
  return rows, function(moment)
    local function may(i, suits) return row_may(history, read, rows[i], moment, suits) end
    if #read.states > 0 then return may(2, is_there) or may(3, is_there) end
    return may(1, is_gone) or (may(2, is_gone) and may(3, is_gone))
  end
end

function kinds.team(history, read, argument)
  local found, team = seen(read), tonumber(argument)
  return ACCOUNTS, function(moment)
    for _, row in ipairs(ACCOUNTS) do
      if not found[row] and not row_may(history, read, row, moment, outside_team(team)) then return false end
    end
    return true
  end
end

function kinds.count(history, read, argument)
  local team, given = tonumber(argument), tonumber(read.states[1])
  read.states = {}
  local inside = function(state) return not state.gone and state.team == team end
  return ACCOUNTS, function(moment)
    local least, most = 0, 0
    for _, row in ipairs(ACCOUNTS) do
      local may_be_in = row_may(history, read, row, moment, inside)
      if may_be_in then most = most + 1 end
      if may_be_in and not row_may(history, read, row, moment, outside_team(team)) then least = least + 1 end
    end
    return given >= least and given <= most
  end
end

-- Money is only moved: every state of the database has the same sum.
function kinds.total(_, read)
  local given = tonumber(read.states[1])
  read.states = {}
  return {}, function() return given == model.TOTAL end
end

function kinds.vaults(_, read)
  local sum = 0
  for _, text in ipairs(read.states) do sum = sum + parse_state(text).amount end
  return {}, function() return #read.states == model.VAULTS and sum == model.TOTAL end
end

-- The states of a row that are near a read, with their times relative to its begin.
local function show_row(history, read, row)
  local parts = {}
  for _, state in ipairs(history.rows[row] or {}) do
    if state.before < read["end"] + 1 and state.until_ > read.begin - history.delay - 1 then
      parts[#parts + 1] = ("%s by %s, %.4f to %.4f, until %.4f%s"):format(state.text, state.process, state.before - read.begin, state.after - read.begin,
        state.until_ - read.begin, state.maybe and ", perhaps" or "")
    end
  end
  return "\n    " .. table.concat(parts, "\n    ")
end

local function describe(read, why, history, rows)
  if rows then
    for _, row in ipairs(rows) do why = why .. show_row(history, read, row) end
  end
  return ("%s: %s, from %.6f to %.6f of %s, gave: %s"):format(why, read.about, read.begin, read["end"], read.process, table.concat(read.states, ", "))
end

-- Returns nothing if the read was right, otherwise what is wrong. Second result: it could not be judged.
local function judge(history, read)
  local kind, argument = read.about:match "^(%a+) ?(.*)$"
  local rows, holds = kinds[kind](history, read, argument)
  local low, high = read.begin - history.delay, read["end"]
  for _, text in ipairs(read.states) do
    local state = history.texts[text]
    if not state then
      if history.unknown <= read["end"] then return nil, true end
      return describe(read, "nobody wrote " .. text)
    end
    if not not_replaced(history, read, state) then return describe(read, "its own process had replaced " .. text) end
    low, high = math.max(low, state.before), math.min(high, state.until_)
  end
  if low > high then return describe(read, "at no moment") end
  for _, moment in ipairs(moments(history, rows, low, high)) do
    if holds(moment) then return nil end
  end
  if history.unknown <= read["end"] then return nil, true end
  return describe(read, "at no moment with the other rows", history, rows)
end

-- Returns a list of what is wrong, and figures.
function History:judge()
  local wrong, figures = {}, { reads = #self.reads, skipped = 0, wrong = 0 }
  for _, read in ipairs(self.reads) do
    local why, skipped = judge(self, read)
    if skipped then figures.skipped = figures.skipped + 1 end
    if why then
      figures.wrong = figures.wrong + 1
      if #wrong < 10 then wrong[#wrong + 1] = why end
    end
  end
  return wrong, figures
end

return check
