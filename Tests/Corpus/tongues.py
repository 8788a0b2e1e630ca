"""Prose of languages that run the other way or have no spaces, from word lists of our own."""

import random

ARABIC = """المدينة الكتاب الطريق المكتب التقرير النهر السوق المدرسة الحديقة القطار الرسالة البيت الجبل الشركة الموظف
السنة العمل المشروع الجامعة المحطة القانون المعلم الطبيب الزراعة التجارة اللغة الصحيفة المهندس الميناء""".split()
ARABIC_VERBS = "يكتب يقرأ يعمل يسافر يفتح يغلق يدرس يشاهد يرسل يستقبل يبني يقيس ينقل يجمع يعلن".split()
ARABIC_ADJECTIVES = "الكبير الجديد القديم الجميل السريع الهادئ المهم الأول الطويل الواسع".split()
ARABIC_PREPOSITIONS = "في من إلى على بعد قبل تحت خلال حول مع".split()
HEBREW = """העיר הספר הדרך המשרד הדוח הנהר השוק הגינה הרכבת המכתב הבית ההר החברה העובד השנה העבודה התחנה החוק המורה
הרופא השפה העיתון המהנדס הנמל החלון השולחן הפרויקט הגשר המפה""".split()
HEBREW_VERBS = "כותב קורא עובד נוסע פותח סוגר לומד רואה שולח מקבל בונה מודד מעביר אוסף מפרסם".split()
HEBREW_ADJECTIVES = "הגדול החדש הישן היפה המהיר השקט החשוב הראשון הארוך הרחב".split()
HEBREW_PREPOSITIONS = "על מן אל אחרי לפני תחת עם ליד בתוך מול".split()
CHINESE = """城市 图书馆 铁路 办公室 报告 河流 市场 学校 花园 火车 信件 房屋 高山 公司 员工 年度 工作 项目 大学 车站 法律 教师 医生
农业 贸易 语言 报纸 工程师 港口 窗户 预算 合同 桥梁 地图 温度""".split()
CHINESE_VERBS = "建立 阅读 修理 打开 关闭 研究 观察 发送 接收 测量 运输 收集 公布 改善 比较".split()
CHINESE_ADJECTIVES = "重要的 新的 古老的 美丽的 快速的 安静的 宽阔的 主要的 普通的 有效的".split()
JAPANESE = """都市 図書館 鉄道 事務所 報告書 川 市場 学校 庭園 列車 手紙 建物 山 会社 社員 仕事 プロジェクト 大学 駅 法律 先生 医者
農業 貿易 言語 新聞 エンジニア 港 窓 予算 契約 橋 地図 コーヒー データベース""".split()
JAPANESE_VERBS = "作りました 読みます 直しました 開けます 閉めました 調べます 見ました 送ります 受け取りました 測ります 運びました 集めます 比べました".split()
JAPANESE_ADJECTIVES = "大切な 新しい 古い 美しい 速い 静かな 広い 有名な 普通の 便利な".split()
KOREAN = "도시 도서관 철도 사무실 보고서 시장 학교 정원 열차 편지 건물 회사 직원 업무 프로젝트 대학 역 법률 선생님 의사 농업 무역 언어 신문 항구 창문 예산 계약 다리 지도".split()
KOREAN_VERBS = "만들었습니다 읽습니다 고쳤습니다 열었습니다 닫습니다 조사합니다 보았습니다 보냅니다 받았습니다 측정합니다 운반했습니다 모읍니다 비교합니다".split()
KOREAN_ADJECTIVES = "중요한 새로운 오래된 아름다운 빠른 조용한 넓은 유명한 평범한 편리한".split()


class Tongue:
    """What every one of these languages shares; a subclass says what a sentence is."""

    direction = "ltr"
    stop = "。"
    space = ""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, words):
        return self.random.choice(words)

    def paragraph(self, sentences=None):
        return self.space.join(self.sentence() for _ in range(sentences or self.random.randint(3, 6)))

    def title(self):
        return self.phrase()

    heading = item = label = lambda self: self.phrase()

    def figure(self):
        return f"{self.random.randint(100, 99999)}"


class RightToLeft(Tongue):
    direction = "rtl"
    stop = "."
    space = " "

    def phrase(self):
        return f"{self.pick(self.nouns)} {self.pick(self.adjectives)}"

    def sentence(self):
        words = [self.pick(self.verbs), self.pick(self.nouns), self.pick(self.adjectives)]
        for _ in range(self.random.randint(1, 3)):
            words += [self.pick(self.prepositions), self.pick(self.nouns)]
        if self.random.random() < 0.3:
            words += [self.pick(self.prepositions), str(self.random.randint(1950, 2024))]
        if self.random.random() < 0.15:
            words.append(self.pick(["(PDF)", "Switchyard", "Linux 6.1"]))
        if self.random.random() < 0.4:
            words[2] += self.comma
        return " ".join(words) + self.stop


class Arabic(RightToLeft):
    language = "ar"
    comma = "،"
    nouns, verbs, adjectives, prepositions = ARABIC, ARABIC_VERBS, ARABIC_ADJECTIVES, ARABIC_PREPOSITIONS


class Hebrew(RightToLeft):
    language = "he"
    comma = ","
    nouns, verbs, adjectives, prepositions = HEBREW, HEBREW_VERBS, HEBREW_ADJECTIVES, HEBREW_PREPOSITIONS


class Chinese(Tongue):
    language = "zh-CN"

    def phrase(self):
        return self.pick(CHINESE_ADJECTIVES) + self.pick(CHINESE)

    def sentence(self):
        text = f"{self.pick(CHINESE)}{self.pick(CHINESE_VERBS)}{self.phrase()}"
        if self.random.random() < 0.5:
            text += f"，{self.pick(CHINESE)}和{self.pick(CHINESE)}{self.pick(CHINESE_VERBS)}{self.pick(CHINESE)}"
        if self.random.random() < 0.3:
            text = f"{self.random.randint(1980, 2024)}年{self.random.randint(1, 12)}月，" + text
        return text + self.stop


class Japanese(Tongue):
    language = "ja"

    def phrase(self):
        return self.pick(JAPANESE_ADJECTIVES) + self.pick(JAPANESE)

    def sentence(self):
        text = f"{self.pick(JAPANESE)}は{self.phrase()}を{self.pick(JAPANESE_VERBS)}"
        if self.random.random() < 0.5:
            text = f"{self.pick(JAPANESE)}と{self.pick(JAPANESE)}の{self.pick(JAPANESE)}で、" + text
        if self.random.random() < 0.3:
            text = f"{self.random.randint(1980, 2024)}年に" + text
        return text + self.stop


class Korean(Tongue):
    language = "ko"
    stop = "."
    space = " "

    def phrase(self):
        return f"{self.pick(KOREAN_ADJECTIVES)} {self.pick(KOREAN)}"

    def sentence(self):
        text = f"{self.pick(KOREAN)}에서 {self.phrase()}의 {self.pick(KOREAN)} {self.pick(KOREAN_VERBS)}"
        if self.random.random() < 0.4:
            text = f"{self.random.randint(1980, 2024)}년에 {self.pick(KOREAN)}, " + text
        return text + self.stop
