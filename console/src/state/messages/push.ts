import type { Texts } from "./catalogue.ts";

/** Texts of web push; apart from the unit's others, since they come later. */
export const push = {
  "push.on": ["推送 ✓", "Push ✓"],
  "push.asking": ["推送 …", "Push …"],
  "push.no": ["推送不可用：{why}", "No push: {why}"],
  "push.why.insecure": ["需要 HTTPS", "needs HTTPS"],
  "push.why.home_screen": ["请先添加到主屏幕", "add this page to the home screen first"],
  "push.why.unsupported": ["浏览器不支持", "this browser cannot"],
  "push.why.denied": ["浏览器已禁止通知", "notifications are blocked in the browser"],
  "push.why.not_asked": ["未允许通知", "notifications are not allowed yet"],
  "push.why.switched_off": ["本系统未启用", "switched off here"],
  "push.why.refused": ["服务器拒绝", "the service refused"],
  "push.why.unreachable": ["服务器未应答", "the service did not answer"],
  "push.why.failed": ["浏览器的推送服务连不上", "the browser cannot reach its push service"],
  "push.test": ["测试推送", "Test push"],
  "push.retry": ["重试推送", "Retry push"],
  "push.tried.waiting": ["正在发送…", "Sending…"],
  "push.tried.sent": ["推送服务已接收（{at}），应出现通知", "Taken by the push service ({at}); a notification should appear"],
  "push.tried.later": ["推送服务没有应答（{at}）", "The push service did not answer ({at})"],
  "push.tried.refused": ["推送服务拒绝（{at}）", "The push service refused ({at})"],
  "push.tried.gone": ["订阅已失效，正在重新订阅", "The subscription has ended; subscribing again"],
  "push.tried.wait": ["请稍候再测", "Wait a moment before the next test"],
  "push.tried.unreachable": ["服务器未应答", "The service did not answer"],
} as const satisfies Texts;
