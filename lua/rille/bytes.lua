--- Bytes as text: base64 (RFC 4648), with padding.
local bytes_text = {}

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local letter, number = {}, {}
for i = 1, 64 do
  letter[i - 1] = LETTERS:sub(i, i)
  number[LETTERS:byte(i)] = i - 1
end

local floor = math.floor

local function encode_three(a, b, c)
  return letter[floor(a / 4)] .. letter[a % 4 * 16 + floor(b / 16)] .. letter[b % 16 * 4 + floor(c / 64)] .. letter[c % 64]
end

--- Returns bytes as text.
---@param bytes string
---@return string
function bytes_text.encode(bytes)
  local whole = #bytes - #bytes % 3
  local text = bytes:sub(1, whole):gsub("...", function(three) return encode_three(three:byte(1, 3)) end)
  if whole == #bytes then return text end
  local a, b = bytes:byte(whole + 1, whole + 2)
  return text .. encode_three(a, b or 0, 0):sub(1, b and 3 or 2) .. (b and "=" or "==")
end

--- Returns the bytes of a text; nil if it is not base64. Padding may be missing.
---@param text string
---@return string|nil
function bytes_text.decode(text)
  text = text:match "^([%w+/]*)=?=?$"
  if not text or #text % 4 == 1 then return nil end
  local left = #text % 4
  local bytes = (text .. ("A"):rep((4 - left) % 4)):gsub("....", function(four)
    local a, b, c, d = four:byte(1, 4)
    a, b, c, d = number[a], number[b], number[c], number[d]
    return string.char(a * 4 + floor(b / 16), b % 16 * 16 + floor(c / 4), c % 4 * 64 + d)
  end)
  return left == 0 and bytes or bytes:sub(1, left - 5)
end

return bytes_text
