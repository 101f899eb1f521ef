-- Output for people: a progress bar on a terminal, and tables that are aligned whatever their characters.
local terminal = {}

local answer = os.execute "test -t 1"
terminal.is_there = answer == true or answer == 0

local LETTER = "[%z\1-\127\194-\244][\128-\191]*"

-- Returns the columns of a character: none for combining marks, two for East Asian characters and emoji.
local function letter_width(letter)
  local first, second, third, fourth = letter:byte(1, 4)
  local code = first
  if fourth then
    code = (first - 240) * 262144 + (second - 128) * 4096 + (third - 128) * 64 + fourth - 128
  elseif third then
    code = (first - 224) * 4096 + (second - 128) * 64 + third - 128
  elseif second then
    code = (first - 192) * 64 + second - 128
  end
  if (code >= 0x300 and code <= 0x36F) or (code >= 0x200B and code <= 0x200D) or (code >= 0xFE00 and code <= 0xFE0F) then return 0 end
  if (code >= 0x1100 and code <= 0x115F) or (code >= 0x2E80 and code <= 0xA4CF) or (code >= 0xAC00 and code <= 0xD7A3)
    or (code >= 0xF900 and code <= 0xFAFF) or (code >= 0xFF00 and code <= 0xFF60) or (code >= 0x1F300 and code <= 0x1FAFF) then
    return 2
  end
  return 1
end

function terminal.width(text)
  local width = 0
  for letter in text:gmatch(LETTER) do width = width + letter_width(letter) end
  return width
end

-- Returns the text in exactly that many columns, cut with an ellipsis if it is longer.
local function fit(text, width, right)
  local have = terminal.width(text)
  if have > width then
    local kept, used = {}, 0
    for letter in text:gmatch(LETTER) do
      used = used + letter_width(letter)
      if used > width - 1 then break end
      kept[#kept + 1] = letter
    end
    text = table.concat(kept):gsub("%s+$", "") .. "…"
    have = terminal.width(text)
  end
  local blanks = (" "):rep(width - have)
  return right and blanks .. text or text .. blanks
end

local function bold(text) return terminal.is_there and "\27[1m" .. text .. "\27[0m" or text end

function terminal.heading(text) print("\n" .. bold(text)) end

local function print_row(columns, texts, decorate)
  local cells = {}
  for i, column in ipairs(columns) do cells[i] = fit(texts[i], column.width, column.right) end
  local line = "  " .. table.concat(cells, "  "):gsub("%s+$", "")
  print(decorate and decorate(line) or line)
end

-- columns: { title, most = columns at most, right = numbers }; rows: lists of texts.
function terminal.table(columns, rows)
  local titles, rules = {}, {}
  for i, column in ipairs(columns) do
    local widest = terminal.width(column[1])
    for _, row in ipairs(rows) do widest = math.max(widest, terminal.width(row[i])) end
    column.width = math.min(widest, column.most or widest)
    titles[i], rules[i] = column[1], ("─"):rep(column.width)
  end
  print_row(columns, titles, bold)
  print_row(columns, rules)
  for _, row in ipairs(rows) do print_row(columns, row) end
end

local BAR = 30

-- Returns a function to call with the progress. Without a terminal it prints a line for each quarter.
function terminal.progress(label, total)
  local quarter = 0
  return function(done)
    if terminal.is_there then
      local full = math.floor(BAR * done / total)
      io.write(("\r  %-8s %s%s %d/%d"):format(label, ("█"):rep(full), ("░"):rep(BAR - full), done, total))
      if done >= total then io.write "\n" end
      io.flush()
    elseif math.floor(4 * done / total) > quarter then
      quarter = math.floor(4 * done / total)
      print(("  %-8s %3d %%  %d/%d"):format(label, 25 * quarter, done, total))
    end
  end
end

return terminal
